"""Take the pictures that the browser made into docs/images, and tell which have grown old.

    python scripts/screenshots.py FOLDER    # PNG files, and what a person reads in each
    python scripts/screenshots.py --check   # which pictures show words that nothing says any more

No pixels are compared with another machine's: a picture is old when it shows a word of ours that
has left the sources.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

from PIL import Image, ImageChops

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
STAMP = IMAGES / "screenshots.json"
LARGEST_BYTES = 150_000
SPOKEN = (
    ("src", "*.ts*"),
    ("schema", "*.json"),
    ("coursia_genai_lab", "*.py"),
    ("coursia_genai_lab/catalog", "*.toml"),
    ("coursia_genai_lab/locale", "*.json"),
)
# Pixels that differ visibly, of all; below it a picture is the same, but for a cursor or a port.
NOISE = 0.0005
# Pixels of one exact colour that make a sign, and how far (of 441) a palette's colour may be off.
FLAT_PIXELS = 24
SAME_COLOUR = 12
# The commonest colours, of which a page's ground is; a near shade in the palette would tint it.
GROUNDS = 8


def spoken() -> str:
    """Return the text of everything that says something to a person."""
    files = [path for folder, names in SPOKEN for path in sorted((ROOT / folder).rglob(names))]
    return "\n".join(
        path.read_text(encoding="utf-8") for path in files if "__tests__" not in path.parts
    )


def said(words: Iterable[str], text: str) -> list[str]:
    """Return those of `words` that stand in `text` as a whole string, sorted."""
    found = {word for word in words if len(word) > 3 and word.isprintable()}
    return sorted(word for word in found if any(f"{q}{word}{q}" in text for q in "'\"`"))


def old(text: str) -> dict[str, list[str]]:
    """Return, for each picture that has any, the words that it shows and `text` no longer says."""
    shown = json.loads(STAMP.read_text(encoding="utf-8"))
    lost = {name: sorted(set(words) - set(said(words, text))) for name, words in shown.items()}
    return {name: words for name, words in lost.items() if words}


def palette(picture: Image.Image, colours: int) -> Image.Image:
    """Return an image with a palette of at most `colours` that tells small signs from their ground.

    The median cut spends its colours where there are many pixels: beside a photograph the green of
    a state's dot became grey. A quarter of the palette is for flat colours, exactly as they are.
    """
    counted = picture.getcolors(picture.width * picture.height) or []
    flat: list[tuple[int, ...]] = []
    for pixels, colour in sorted(counted, key=lambda one: -one[0]):
        if pixels < FLAT_PIXELS or len(flat) >= colours // 4:
            break
        if isinstance(colour, tuple) and all(_apart(colour, other) for other in flat):
            flat.append(colour)
    levels = picture.quantize(colours - len(flat)).getpalette() or []
    for at in range(0, len(levels), 3):
        shade = tuple(levels[at : at + 3])
        if all(_apart(shade, other) for other in flat[:GROUNDS]):
            flat.append(shade)
    holder = Image.new("P", (1, 1))
    holder.putpalette([level for one in flat for level in one])
    return holder


def _apart(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) > SAME_COLOUR**2


def smaller(picture: Image.Image, target: Path) -> None:
    """Write `picture` with so few colours that it is small enough.

    Raises ValueError when no palette makes it so.
    """
    for colours in (256, 128, 64, 32):
        # Dithering would make flat areas, of which a page consists, large and noisy.
        reduced = picture.quantize(palette=palette(picture, colours), dither=Image.Dither.NONE)
        reduced.save(target, optimize=True)
        if target.stat().st_size < LARGEST_BYTES:
            return
    message = f"{target.name} stays larger than {LARGEST_BYTES} bytes: show less in it"
    raise ValueError(message)


def same(picture: Image.Image, path: Path) -> bool:
    """Tell whether a file shows this picture already, but for noise."""
    if not path.is_file():
        return False
    with Image.open(path) as kept:
        if kept.size != picture.size:
            return False
        difference = ImageChops.difference(kept.convert("RGB"), picture).convert("L")
    visible = sum(difference.histogram()[48:])
    return visible < NOISE * picture.width * picture.height


def take(folder: Path) -> list[str]:
    """Write the folder's pictures into the documentation; return a line on each."""
    text = spoken()
    shown = json.loads(STAMP.read_text(encoding="utf-8")) if STAMP.is_file() else {}
    lines = []
    for source in sorted(folder.glob("*.png")):
        target = IMAGES / source.name
        with Image.open(source) as opened:
            picture = opened.convert("RGB")
        read = json.loads(source.with_suffix(".json").read_text(encoding="utf-8"))
        words = said(read, text)
        if same(picture, target) and shown.get(source.name) == words:
            lines.append(f"same   {source.name}")
            continue
        smaller(picture, target)
        shown[source.name] = words
        lines.append(f"new    {source.name} ({target.stat().st_size // 1000} kB)")
    kept = {name: words for name, words in sorted(shown.items()) if (IMAGES / name).is_file()}
    STAMP.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return lines


def main(arguments: list[str]) -> int:
    """Take pictures in, or name the old ones; return 1 if there are any."""
    if arguments != ["--check"]:
        print("\n".join(take(Path(arguments[0]))))
        return 0
    lost = old(spoken())
    for name, words in lost.items():
        print(f"docs/images/{name} is old, run make screenshots. Nothing says: {'; '.join(words)}")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
