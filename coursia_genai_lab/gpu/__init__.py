"""GPUs: one reading for everybody who looks, taken where a hanging driver harms nobody.

`Sampler` keeps a child process that asks the driver through NVML, and kills it when it hangs.
"""
