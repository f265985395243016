"""What the words of a prompt ask for, in English and French, as a handful of tags."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .marks import plain
from .recipe import Recipe

Colour = tuple[int, int, int]

COLOURS: dict[str, Colour] = {
    "red": (204, 52, 46), "orange": (232, 126, 38), "yellow": (242, 196, 52),
    "green": (70, 150, 76), "turquoise": (48, 174, 170), "blue": (52, 108, 196),
    "violet": (126, 74, 176), "pink": (236, 128, 168), "brown": (128, 84, 52),
    "black": (38, 38, 46), "white": (240, 238, 232), "grey": (136, 140, 148),
    "gold": (214, 168, 62),
}  # fmt: skip


# kind tag: the words that mean it; plurals in s and x are understood
_LEXICON = """
colour red: red crimson scarlet rouge
colour orange: orange amber
colour yellow: yellow jaune
colour green: green emerald vert verte
colour turquoise: turquoise teal cyan
colour blue: blue bleu bleue navy azure
colour violet: violet purple mauve lilac violette
colour pink: pink rose magenta
colour brown: brown marron brun brune
colour black: black noir noire
colour white: white blanc blanche
colour grey: grey gray gris grise silver argent
colour gold: gold golden dore doree
scene sea: sea ocean beach coast harbor harbour lighthouse wave mer plage port phare vague lake
    lac
scene city: city town street skyline skyscraper building cyberpunk ville rue immeuble paris
    tokyo
scene mountain: mountain peak alp hill valley montagne colline vallee sommet
scene forest: forest wood jungle tree foret bois arbre
scene desert: desert dune sahara sand sable cactus
scene space: space galaxy planet universe cosmos nebula astronaut espace galaxie planete
    astronaute
scene water: underwater aquarium reef coral fish poisson recif corail jellyfish meduse
scene meadow: meadow field garden park prairie champ jardin parc landscape paysage countryside
scene abstract: abstract pattern geometric fractal abstrait motif geometrique shape texture
scene studio: portrait face selfie headshot studio visage logo icon icone
time night: night midnight moon moonlight nuit lune dark starry etoile etoilee star nocturne
time sunset: sunset dusk evening crepuscule coucher soir twilight
time dawn: dawn sunrise morning aube matin lever
time day: day noon sunny jour midi ensoleille
season winter: winter snow snowy ice hiver neige glace frozen
season autumn: autumn fall automne leaf feuille
season rain: rain rainy storm pluie orage
season fog: fog foggy mist misty brume brouillard
figure fox: fox renard
figure cat: cat kitten chat chaton minou
figure dog: dog puppy chien chiot wolf loup
figure rabbit: rabbit bunny hare lapin lievre
figure bear: bear teddy ours ourson
figure panda: panda
figure owl: owl hibou chouette
figure fish: fish poisson
figure robot: robot android machine
figure flower: flower tulip daisy rose sunflower bouquet fleur tulipe
figure person: portrait woman man person girl boy face femme homme fille garcon princess king
    wizard
figure house: house cottage cabin home maison cabane chalet
figure boat: boat ship sailboat bateau voilier
figure castle: castle chateau palace fortress
figure balloon: balloon montgolfiere ballon
figure rocket: rocket spaceship fusee astronaut
style sketch: sketch pencil drawing croquis crayon dessin charcoal fusain
style sepia: sepia vintage old ancien ancienne retro
style mono: monochrome greyscale grayscale
style stitch: stitch embroidery broderie
style pixel: pixel 8bit 8-bit mosaic mosaique
style cartoon: cartoon comic poster pop manga anime bd
style paint: watercolor watercolour oil painting painted aquarelle peinture impressionist huile
style blur: blur blurred blurry flou soft dreamy
style invert: invert inverted negative negatif
style neon: neon synthwave glowing
"""


def _index() -> dict[str, list[tuple[str, str]]]:
    index: dict[str, list[tuple[str, str]]] = {}
    for line in _LEXICON.replace("\n    ", " ").strip().splitlines():
        head, _, words = line.partition(":")
        kind, _, tag = head.partition(" ")
        for word in words.split():
            index.setdefault(word, []).append((kind, tag))
    return index


_INDEX = _index()


@dataclass(frozen=True)
class Wishes:
    """The tags found, in the order of the words; `coats` gives figures a colour of their own."""

    colours: tuple[str, ...]
    scenes: tuple[str, ...]
    times: tuple[str, ...]
    seasons: tuple[str, ...]
    figures: tuple[str, ...]
    styles: tuple[str, ...]
    coats: dict[str, str]


def read(recipe: Recipe) -> Wishes:
    """Return what the prompt asks for, less what the negative prompt names."""
    unwanted = {pair for _, pairs in _found(recipe.negative) for pair in pairs}
    found = [
        (place, pair)
        for place, pairs in _found(recipe.prompt)
        for pair in pairs
        if pair not in unwanted
    ]

    def tags(kind: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(tag for _, (what, tag) in found if what == kind))

    colour_at = {place: tag for place, (kind, tag) in found if kind == "colour"}
    coats = {}
    for place, (kind, tag) in found:
        # The colour of a thing stands before its word in English and after it in French.
        near = colour_at.get(place - 1) or colour_at.get(place + 1)
        if kind == "figure" and near:
            coats[tag] = near
    free = tuple(tag for tag in tags("colour") if tag not in coats.values())
    return Wishes(
        free, tags("scene"), tags("time"), tags("season"), tags("figure"), tags("style"), coats
    )


def _found(text: str) -> list[tuple[int, list[tuple[str, str]]]]:
    words = re.findall(r"[a-z0-9-]+", plain(text).lower())
    return [(place, _look_up(word)) for place, word in enumerate(words[:200])]


def _look_up(word: str) -> list[tuple[str, str]]:
    for form in (word, word[:-1] if word[-1] in "sx" else "", word.removesuffix("es")):
        if form in _INDEX:
            return _INDEX[form]
    return []
