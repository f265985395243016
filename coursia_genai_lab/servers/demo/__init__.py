"""The demo engine: a small, real image server that needs no download and no GPU.

It speaks the ComfyUI API, the OpenAI Images API and the AUTOMATIC1111 API. Its pictures are drawn
by a procedure, equal for equal input, and plainly marked DEMO. It imports nothing outside this
folder but tornado and Pillow, so the folder can be copied and run alone.
"""
