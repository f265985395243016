"""Pictures and forms made to cost, to hide something or to break whoever reads them."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from typing import Any

import pytest
from aiohttp import ClientTimeout
from door_harness import BOUND, Gateway, demo_engine, gateway
from PIL import Image, PngImagePlugin

from coursia_genai_lab.errors import InvalidRequest, RequestTooLarge
from coursia_genai_lab.gateway.openai_form import MAX_PARTS, parts, read_form
from coursia_genai_lab.gateway.openai_pictures import MAX_SCANS, taken_apart, upright_png

FORM = "multipart/form-data; boundary=b"


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *more: bytes, interlaced: bool = False) -> bytes:
    """Return a PNG whose head says so; what is in it is four bytes of pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, int(interlaced))
    pixels = zlib.compress(b"\x00\xff\x00\x00" * min(width * height, 64))
    signature = b"\x89PNG\r\n\x1a\n"
    return (signature + chunk(b"IHDR", head) + b"".join(more) + chunk(b"IDAT", pixels)) + chunk(
        b"IEND", b""
    )


def saved(kind: str, *, size: tuple[int, int] = (64, 48), **more: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(out, kind, **more)
    return out.getvalue()


def animated(kind: str) -> bytes:
    second = Image.new("RGB", (64, 48), (0, 0, 255))
    return saved(kind, save_all=True, append_images=[second, second], duration=100)


ZEROS = zlib.compress(bytes(64 * 2**20), 9)
REFUSED = {
    "a PNG of 65,535 x 65,535": png(65_535, 65_535),
    "an interlaced PNG of 65,535 x 65,535": png(65_535, 65_535, interlaced=True),
    "a PNG of 2^31 - 1 pixels a side": png(2**31 - 1, 2**31 - 1),
    "a long line": png(2**26, 1),
    "a PNG of no size": png(0, 0),
    "an animated PNG": animated("PNG"),
    "an animated WebP": animated("WEBP"),
    "a GIF": saved("GIF"),
    "a BMP": saved("BMP"),
    "a TIFF": saved("TIFF"),
    "an icon": saved("ICO"),
    "a PNG with a text that unpacks to 64 MB": png(8, 8, chunk(b"zTXt", b"a\x00\x00" + ZEROS)),
    "a PNG with a profile that unpacks to 64 MB": png(8, 8, chunk(b"iCCP", b"a\x00\x00" + ZEROS)),
    "a PNG with a long text that unpacks to 64 MB": png(
        8, 8, chunk(b"iTXt", b"a\x00\x01\x00\x00\x00" + ZEROS)
    ),
    "pixels that unpack to more than there are, cut": saved("PNG")[:-30],
    "half a JPEG": saved("JPEG", size=(640, 480))[:900],
    "half a WebP": saved("WEBP", size=(640, 480))[:100],
    "a JPEG with thousands of scans": saved("JPEG")[:-2]
    + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" * (MAX_SCANS + 1)
    + b"\xff\xd9",
    "a wrong checksum": saved("PNG").replace(b"IDAT", b"IDAt"),
    "an SVG": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "a page": b"<!doctype html><script>alert(1)</script>",
    "a program": b"\x7fELF" + bytes(1000),
    "a script for PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) run",
    "nothing": b"",
    "a signature alone": b"\x89PNG\r\n\x1a\n",
}


@pytest.mark.filterwarnings("default::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_it_is_refused_with_the_field_that_is_wrong(data: bytes) -> None:
    with pytest.raises(InvalidRequest) as refused:
        upright_png(data, "image")
    assert refused.value.param == "image"
    assert refused.value.error_code == "invalid_image"
    assert refused.value.remedy


SECRET = b"<script>alert('hidden')</script>"


def with_exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    exif[0x0112] = 6
    return exif


def jpeg_with_everything() -> bytes:
    return saved(
        "JPEG", exif=with_exif(), comment=SECRET, icc_profile=SECRET * 10, xmp=b"<x>" + SECRET
    )


def png_with_everything() -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text("prompt", SECRET.decode())
    info.add_text("packed", SECRET.decode() * 20, zip=True)
    info.add_itxt("XML:com.adobe.xmp", SECRET.decode())
    return saved("PNG", pnginfo=info, exif=with_exif(), icc_profile=SECRET * 10)


HIDING = {
    "a JPEG with EXIF, XMP, profile and comment": jpeg_with_everything(),
    "a PNG with EXIF, XMP, profile and texts": png_with_everything(),
    "a WebP with EXIF, XMP and profile": saved(
        "WEBP", exif=with_exif(), xmp=SECRET, icc_profile=SECRET * 10
    ),
    "a PNG with a page behind it": saved("PNG") + SECRET,
    "a JPEG with an archive behind it": saved("JPEG") + b"PK\x03\x04" + SECRET,
    "a PNG with a chunk of its own": saved("PNG")[:33] + chunk(b"evIl", SECRET) + saved("PNG")[33:],
}


@pytest.mark.parametrize("data", HIDING.values(), ids=HIDING)
def test_nothing_but_pixels_is_passed_on(data: bytes) -> None:
    assert SECRET in data or b"zTXt" in data or b"EXIF" in data
    clean = upright_png(data, "image")
    assert SECRET not in clean
    assert b"hidden" not in clean
    assert b"PK\x03\x04" not in clean
    with Image.open(io.BytesIO(clean)) as picture:
        picture.load()
        assert picture.format == "PNG"
        assert set(picture.info) <= {"transparency"}
        assert dict(picture.getexif()) == {}
        assert {picture.width, picture.height} == {64, 48}
    kinds = {clean[at - 4 : at] for at in _ends_of_kinds(clean)}
    assert kinds == {b"IHDR", b"IDAT", b"IEND"}


def _ends_of_kinds(data: bytes) -> list[int]:
    ends, place = [], 8
    while place < len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        ends.append(place + 8)
        place += 12 + length
    return ends


def test_a_picture_that_lies_on_its_side_is_turned() -> None:
    out = io.BytesIO()
    picture = Image.new("RGB", (64, 48), (200, 30, 30))
    picture.paste((0, 0, 255), (0, 0, 64, 10))
    picture.save(out, "PNG", exif=with_exif())
    with Image.open(io.BytesIO(upright_png(out.getvalue(), "image"))) as turned:
        assert turned.size == (48, 64)
        assert turned.getpixel((47, 5)) == (0, 0, 255)
        assert turned.getpixel((0, 5)) == (200, 30, 30)


def test_broken_exif_costs_nobody_their_picture() -> None:
    data = saved("JPEG", exif=b"Exif\x00\x00MM\x00\x2a\xff\xff\xff\xff" + bytes(20))
    with pytest.warns(UserWarning, match="Corrupt EXIF data"):
        upright = upright_png(data, "image")
    with Image.open(io.BytesIO(upright)) as picture:
        assert picture.size == (64, 48)


def test_a_file_of_60_mb_is_too_large_before_it_is_looked_at() -> None:
    with pytest.raises(RequestTooLarge):
        upright_png(saved("PNG") + bytes(60 * 2**20), "image")


# -- forms -----------------------------------------------------------------------------------------


def form(*made: tuple[str, bytes], boundary: str = "b") -> bytes:
    lines = [f"--{boundary}\r\n{head}\r\n\r\n".encode() + data + b"\r\n" for head, data in made]
    return b"".join(lines) + f"--{boundary}--\r\n".encode()


def field_(name: str) -> str:
    return f'Content-Disposition: form-data; name="{name}"'


def file_(name: str, filename: str = "a.png") -> str:
    return f'Content-Disposition: form-data; name="{name}"; filename="{filename}"'


def test_pictures_of_one_edit_have_their_pixels_counted_together() -> None:
    large = saved("PNG", size=(5000, 5000))
    with pytest.raises(InvalidRequest, match="together"):
        taken_apart(form(*[(file_("image[]"), large)] * 3), FORM)


FORMS = {
    "ten thousand parts": form(*[(field_("a"), b"1")] * 10_000),
    "a million empty parts": b"--b\r\n\r\n\r\n" * 1_000_000 + b"--b--\r\n",
    "no end": b"--b\r\n" + field_("prompt").encode() + b"\r\n\r\nfox",
    "no part": b"",
    "only text": b"hello",
    "a part without a name": form(("Content-Disposition: form-data", b"1")),
    "a part without a head": b"--b\r\n\r\nx\r\n--b--\r\n",
    "a head without an end": b"--b\r\n" + b"a" * 200_000 + b"\r\n--b--\r\n",
}


@pytest.mark.parametrize("body", FORMS.values(), ids=FORMS)
def test_a_form_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        parts(body, FORM)


def test_a_form_is_counted_before_it_is_read_for_its_model() -> None:
    with pytest.raises(InvalidRequest, match=str(MAX_PARTS)):
        read_form(FORMS["ten thousand parts"], FORM)


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=other",
        "multipart/mixed; boundary=b",
        "application/x-www-form-urlencoded",
        "application/json",
        "text/plain; boundary=b",
        "",
        'multipart/form-data; boundary="b',
        "multipart/form-data; boundary=" + "b" * 5000,
    ],
)
def test_a_form_whose_boundary_is_wrong_is_refused(content_type: str) -> None:
    body = form((field_("prompt"), b"fox"))
    with pytest.raises(InvalidRequest):
        parts(body, content_type)


def test_a_value_that_only_begins_like_the_boundary_stays_whole() -> None:
    value = b"x\r\n--bx\r\ny\r\n--b-z"
    [one] = parts(form((field_("prompt"), value)), FORM)
    assert one.data == value


def test_a_form_inside_a_form_is_a_value() -> None:
    inner = form((file_("image"), saved("PNG")), boundary="inner")
    made = form((file_("image") + "\r\nContent-Type: multipart/mixed; boundary=inner", inner))
    [one] = parts(made, FORM)
    assert one.data == inner
    with pytest.raises(InvalidRequest, match="not a PNG"):
        taken_apart(made, FORM)


# -- through the door ------------------------------------------------------------------------------


async def edit(g: Gateway, image: bytes, **more: str) -> tuple[int, dict[str, Any]]:
    fields = [(field_(name), value.encode()) for name, value in more.items()]
    body = form(*fields, (field_("prompt"), b"a fox"), (file_("image"), image))
    url = f"{await g.doors.open_openai()}/images/edits"
    headers = {**g.bearer(), "Content-Type": FORM}
    patient = ClientTimeout(total=BOUND)
    async with g.http.post(url, data=io.BytesIO(body), headers=headers, timeout=patient) as got:
        return got.status, await got.json()


@pytest.mark.parametrize(
    "what", ["a PNG of 65,535 x 65,535", "an SVG", "half a JPEG", "an animated WebP", "nothing"]
)
async def test_the_door_says_which_field_is_wrong_and_starts_nothing(what: str) -> None:
    async with gateway() as g:
        status, told = await edit(g, REFUSED[what], model="qwen-image-edit-2509")
        assert status == 400
        assert told["error"]["param"] == "image"
        assert told["error"]["code"] == "invalid_image"
        assert told["error"]["type"] == "invalid_request_error"
        assert g.lab.starts == 0


async def test_an_upload_of_60_mb_is_refused_and_the_next_one_served() -> None:
    async with demo_engine() as url, gateway() as g:
        g.lab.is_ready("comfyui-qwen", url)
        model = "qwen-image-edit-2509"
        status, told = await edit(g, saved("PNG") + bytes(60 * 2**20), model=model)
        assert (status, told["error"]["code"]) == (413, "request_too_large")
        status, told = await edit(g, HIDING["a JPEG with an archive behind it"], model=model)
        assert status == 200
        picture = base64.b64decode(told["data"][0]["b64_json"])
        assert picture.startswith(b"\x89PNG")
        assert b"hidden" not in picture
