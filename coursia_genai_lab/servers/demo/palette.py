"""Colours that go together: a mood for a picture, from its wishes and the dice."""

from __future__ import annotations

import colorsys
import random
from dataclasses import dataclass

from .words import COLOURS, Colour, Wishes


@dataclass(frozen=True)
class Mood:
    """The colours of a scene. `dark` says that lights should be lit."""

    sky_top: Colour
    sky_low: Colour
    sun: Colour
    far: Colour
    near: Colour
    water: Colour
    accent: Colour
    dark: bool = False


_MOODS = {
    "day": Mood(
        (72, 148, 218), (206, 232, 244), (255, 246, 214), (150, 184, 200), (58, 122, 74),
        (38, 120, 168), (236, 96, 72),
    ),
    "dawn": Mood(
        (108, 140, 200), (255, 214, 190), (255, 240, 210), (186, 170, 196), (70, 104, 104),
        (110, 140, 176), (240, 138, 120),
    ),
    "sunset": Mood(
        (70, 52, 116), (255, 158, 84), (255, 228, 148), (176, 96, 112), (52, 40, 70),
        (92, 66, 110), (255, 110, 84),
    ),
    "night": Mood(
        (10, 14, 40), (48, 66, 120), (244, 240, 216), (44, 58, 98), (12, 22, 40),
        (18, 34, 70), (255, 206, 110), dark=True,
    ),
}  # fmt: skip

_GROUND: dict[str, tuple[Colour, Colour]] = {
    "desert": ((232, 186, 124), (186, 112, 62)),
    "winter": ((206, 220, 236), (236, 242, 248)),
    "autumn": ((206, 150, 96), (150, 72, 34)),
    "forest": ((120, 164, 148), (26, 78, 54)),
}


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """Return the colour that lies `share` (0 to 1) of the way from `one` to `other`."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def turned(colour: Colour, by: float, light: float = 1.0) -> Colour:
    """Return `colour` with its hue turned `by` (1 is a whole turn) and its light scaled."""
    hue, level, full = colorsys.rgb_to_hls(*(part / 255 for part in colour))
    parts = colorsys.hls_to_rgb((hue + by) % 1, min(1, level * light), full)
    red, green, blue = (round(part * 255) for part in parts)
    return red, green, blue


def mood(wishes: Wishes, dice: random.Random) -> Mood:
    """Return the colours for these wishes; the dice decide what they leave open."""
    time = wishes.times[0] if wishes.times else dice.choice(("day", "day", "dawn", "sunset"))
    base = _MOODS[time]
    sway = dice.uniform(-0.035, 0.035)
    colours = [turned(c, sway) for c in (base.sky_top, base.sky_low, base.far, base.near)]
    top, low, far, near = colours
    for word in (*wishes.seasons, *wishes.scenes):
        if word in _GROUND:
            shade = 0.62 if base.dark else 0.12 if time == "sunset" else 0.0
            far, near = (mix(c, base.near, shade) for c in _GROUND[word])
            break
    accent = base.accent
    water = base.water
    for number, name in enumerate(wishes.colours[:3]):
        tint = COLOURS[name]
        strength = 0.62 if number == 0 else 0.4
        top, low = mix(top, tint, strength), mix(low, mix(tint, (255, 255, 255), 0.45), strength)
        far, near = mix(far, tint, strength * 0.8), mix(near, tint, strength * 0.6)
        water, accent = mix(water, tint, strength * 0.7), tint
    if "fog" in wishes.seasons or "rain" in wishes.seasons:
        grey = (150, 160, 172)
        top, low, far = mix(top, grey, 0.55), mix(low, grey, 0.5), mix(far, grey, 0.6)
    return Mood(top, low, base.sun, far, near, water, accent, base.dark)


def harmony(dice: random.Random, wishes: Wishes, count: int) -> list[Colour]:
    """Return `count` colours that go together, for pictures without a scene."""
    if wishes.colours:
        base = COLOURS[wishes.colours[0]]
    else:
        parts = colorsys.hls_to_rgb(dice.random(), 0.52, 0.62)
        base = (round(parts[0] * 255), round(parts[1] * 255), round(parts[2] * 255))
    steps = dice.choice(((0, 0.05, 0.1, 0.5), (0, 0.08, 0.45, 0.55), (0, -0.06, 0.06, 0.36)))
    lights = (0.55, 0.8, 1.05, 1.3, 1.55)
    out = [
        turned(base, steps[i % len(steps)], lights[(i * 2 + 1) % len(lights)]) for i in range(count)
    ]
    for number, name in enumerate(wishes.colours[1:3]):
        out[(number * 2 + 1) % count] = COLOURS[name]
    return out
