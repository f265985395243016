"""What is written into a picture's file, and what is left of what the engine wrote."""

from __future__ import annotations

import io
import json
import xml.etree.ElementTree as ET

import pytest
from PIL import Image, ImageCms, PngImagePlugin
from stamped_pictures import KINDS, chunk, chunks_of, facts, opened, picture, with_chunks

from coursia_genai_lab.errors import GenerationError
from coursia_genai_lab.provenance import Measured, PictureFormat, measure, read, stamp

IPTC = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"
TRAINED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def xmp_of(data: bytes) -> ET.Element:
    """Return the XMP packet as Pillow finds it."""
    packet = opened(data).info["xmp"]
    return ET.fromstring(packet.decode() if isinstance(packet, bytes) else packet)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("source", KINDS)
def test_what_was_written_is_read_again(source: str, kind: PictureFormat) -> None:
    made = stamp(picture(source), facts(), kind)
    assert read(made) == facts()
    image = opened(made)
    assert (image.format, image.size) == (kind.upper(), (96, 64))


@pytest.mark.parametrize("kind", KINDS)
def test_the_mark_of_machine_made_pictures_is_where_other_programs_look(
    kind: PictureFormat,
) -> None:
    made = stamp(picture("png"), facts(), kind)
    assert [element.text for element in xmp_of(made).iter(IPTC)] == [TRAINED]


def test_a_demo_picture_claims_no_training() -> None:
    made = stamp(picture(), facts(demo=True), "png")
    (mark,) = xmp_of(made).iter(IPTC)
    assert mark.text == TRAINED.replace("trainedAlgorithmicMedia", "algorithmicMedia")


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_has_its_format_keeps_its_pixels(kind: PictureFormat) -> None:
    before = picture(kind)
    made = stamp(before, facts(), kind, quality=1)
    assert opened(made).tobytes() == opened(before).tobytes()


def test_a_png_keeps_every_byte_of_its_pixels() -> None:
    before = chunks_of(picture())
    after = chunks_of(stamp(picture(), facts(), "png"))
    assert [one for one in after if one[0] != b"iTXt"] == before


def test_picture_browsers_find_prompt_and_settings() -> None:
    text = opened(stamp(picture(), facts(), "png")).info["parameters"]
    assert text.startswith(facts().prompt)
    assert "Negative prompt: flou]]>\nSteps: 4, CFG scale: 1.5, Seed: 9223372036854775807" in text


def test_the_facts_in_a_png_are_plain_json() -> None:
    found = json.loads(opened(stamp(picture(), facts(), "png")).info["coursia_genai"])
    assert found["prompt"] == facts().prompt
    assert "asked_service" not in found


@pytest.mark.parametrize("kind", KINDS)
def test_the_longest_prompts_fit(kind: PictureFormat) -> None:
    long = facts(prompt="🦊" * 32_000, negative_prompt="\x01&<\x7f" * 8_000)
    made = stamp(picture(), long, kind)
    assert read(made) == long
    assert opened(made).size == (96, 64)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "prompt", ["\0", "\ufffe\uffff\x1b[31m", "]]><!--", "\u2028\u202e", "é" * 7]
)
def test_odd_prompts_come_back_as_they_were(kind: PictureFormat, prompt: str) -> None:
    made = stamp(picture(), facts(prompt=prompt), kind)
    assert read(made) == facts(prompt=prompt)
    opened(made)


@pytest.mark.parametrize("kind", KINDS)
def test_half_a_letter_becomes_a_sign_that_it_was_one(kind: PictureFormat) -> None:
    made = stamp(picture(), facts(prompt="a \ud83e fox"), kind)
    assert read(made) == facts(prompt="a \ufffd fox")


@pytest.mark.parametrize("kind", KINDS)
def test_a_second_stamp_replaces_the_first(kind: PictureFormat) -> None:
    once = stamp(picture(), facts(prompt="first"), kind)
    twice = stamp(once, facts(prompt="second"), kind)
    assert read(twice) == facts(prompt="second")
    assert b"first" not in twice


SECRETS = ("ada@school.example", "/home/ada/models", "cgl_very_secret")


def gossip() -> PngImagePlugin.PngInfo:
    """Return text chunks as engines write them."""
    info = PngImagePlugin.PngInfo()
    info.add_text("prompt", json.dumps({"1": {"inputs": {"path": SECRETS[1]}}}))
    info.add_text("workflow", SECRETS[0], zip=True)
    info.add_itxt("XML:com.adobe.xmp", f"<x>{SECRETS[2]}</x>")
    return info


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_that_an_engine_wrote_beside_the_pixels_is_left(kind: PictureFormat) -> None:
    exif = Image.Exif()
    exif[0x013B], exif[0x010E] = SECRETS[0], SECRETS[1]
    sources = [
        with_chunks(
            picture(pnginfo=gossip(), exif=exif),
            chunk(b"tIME", b"\x07\xea\x0b\x15\0\0\0"),
            chunk(b"caBX", SECRETS[2].encode()),
            chunk(b"teSt", SECRETS[1].encode()),
        ),
        picture("jpeg", exif=exif, comment=SECRETS[1], xmp=SECRETS[2].encode()),
        picture("webp", exif=exif, xmp=SECRETS[2].encode()),
    ]
    for source in sources:
        made = stamp(source + SECRETS[2].encode(), facts(), kind)
        assert not [secret for secret in SECRETS if secret.encode() in made]
        assert not {"exif", "comment", "prompt", "workflow"} & set(opened(made).info)
        assert read(made) == facts()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("source", KINDS)
def test_colour_profiles_are_kept(source: str, kind: PictureFormat) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    made = stamp(picture(source, icc_profile=profile), facts(), kind)
    assert opened(made).info["icc_profile"] == profile


@pytest.mark.parametrize("source", KINDS)
def test_a_picture_that_viewers_turn_is_turned_for_good(source: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    made = stamp(picture(source, exif=exif), facts(), source)  # type: ignore[arg-type]
    assert opened(made).size == (64, 96)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_pixels_can_have_every_format(mode: str, kind: PictureFormat) -> None:
    source = picture("jpeg" if mode == "CMYK" else "png", mode=mode)
    made = stamp(source, facts(), kind)
    assert read(made) == facts()
    assert opened(made).size == (96, 64)


def test_sixteen_bits_are_scaled_and_not_cut_off() -> None:
    deep = Image.new("I;16", (8, 8), 0x8000)
    out = io.BytesIO()
    deep.save(out, "PNG")
    assert opened(stamp(out.getvalue(), facts(), "webp")).convert("L").getpixel((4, 4)) in range(
        126, 131
    )


@pytest.mark.parametrize("lossless", [True, False])
def test_transparency_outlives_webp(lossless: bool) -> None:
    clear = Image.new("RGBA", (40, 30), (200, 30, 30, 90))
    out = io.BytesIO()
    clear.save(out, "WEBP", lossless=lossless)
    made = opened(stamp(out.getvalue(), facts(), "webp"))
    assert made.mode == "RGBA"
    assert made.getpixel((9, 9))[3] == 90  # type: ignore[index]


@pytest.mark.parametrize("kind", ["png", "webp"])
def test_frames_of_an_animation_are_kept(kind: PictureFormat) -> None:
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "green", "blue")]
    out = io.BytesIO()
    frames[0].save(out, kind.upper(), save_all=True, append_images=frames[1:], duration=100)
    made = stamp(out.getvalue(), facts(), kind)
    assert opened(made).n_frames == 3  # type: ignore[attr-defined]
    assert read(made) == facts()


def test_a_progressive_jpeg_with_marks_between_its_scans_is_understood() -> None:
    for options in ({"progressive": True}, {"restart_marker_rows": 1}, {"subsampling": 0}):
        before = picture("jpeg", **options)
        made = stamp(before, facts(), "jpeg")
        assert opened(made).tobytes() == opened(before).tobytes()


def test_a_checksum_that_never_fitted_is_left_to_its_maker() -> None:
    odd = with_chunks(picture(), chunk(b"pHYs", bytes(9), check=7))
    assert read(stamp(odd, facts(), "png")) == facts()


@pytest.mark.parametrize("kind", KINDS)
def test_format_and_size_are_told_without_decoding(kind: PictureFormat) -> None:
    assert measure(picture(kind, size=(123, 45))) == Measured(kind, 123, 45)
    assert measure(stamp(picture(kind, size=(123, 45)), facts(), kind)) == Measured(kind, 123, 45)


BROKEN = {
    "nothing": b"",
    "words": b"<html>no picture</html>",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "gif": b"GIF89a\x01\0\x01\0\0\0\0;",
    "a cut png": picture()[:-30],
    "a png without pixels": picture()[:33] + picture()[-12:],
    "an unknown critical chunk": with_chunks(picture(), chunk(b"ABCD", b"")),
    "a png without a size": picture()[:16] + bytes(8) + picture()[24:],
    "a cut jpeg": picture("jpeg")[:-40],
    "a jpeg without pixels": b"\xff\xd8\xff\xd9",
    "a cut webp": picture("webp")[:-40],
    "an empty webp": b"RIFF\x04\0\0\0WEBP",
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_whole_picture_is_refused(name: str, kind: PictureFormat) -> None:
    with pytest.raises(GenerationError) as refusal:
        stamp(BROKEN[name], facts(), kind)
    assert refusal.value.error_code == "no_picture"
    assert read(BROKEN[name]) is None


def test_a_pixel_bomb_is_not_decoded() -> None:
    header = (60_000).to_bytes(4, "big") * 2 + b"\x08\x02\0\0\0"
    bomb = picture()[:8] + chunk(b"IHDR", header) + picture()[33:]
    with pytest.raises(GenerationError):
        stamp(bomb, facts(), "jpeg")
    turned = with_chunks(bomb, chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\0\0\0\0\0"))
    assert read(stamp(turned, facts(), "png")) == facts()
