"""What detection found, in words: rules, the teacher's word, what opening a notebook does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..catalog import ServiceSpec
from ..wire.notebooks import Profile, Resources

MIB_A_GIB = 1024
_WHOLE_RULES = {
    "word": "a name that points to it",
    "metadata": "its metadata names it",
    "literal": "a fixed address",
    "fallback": "only after something else has failed",
    "model:image": "asks an image model",
    "helper:call_service": "calls the course's own starter",
    "switch:off": "optional: behind a switch that is off",
    "switch:default": "optional: not what runs by default",
    "branch:one-of": "optional: one of several ways",
    "remote:address": "names a hosted server",
    "remote:.env": "its .env names a hosted server",
}
_KINDS = {
    "route": "calls the route {}",
    "call": "calls {}",
    "node": "holds the graph node {}",
    "variable": "reads the variable {}",
}


def rule_words(rule: str) -> str:
    """Return what a rule says of a line; one that is not known is shown as it is."""
    kind, _, name = rule.partition(":")
    return _WHOLE_RULES.get(rule) or _KINDS.get(kind, f"rule {rule}").format(name)


def in_short(profile: Profile) -> str:
    """Return type, services and resources on one line."""
    parts = [profile.type, ", ".join(service_words(profile)), wants(profile.resources)]
    return " · ".join(part for part in parts if part)


def service_words(profile: Profile) -> Iterator[str]:
    """Yield each service, with what is particular about it in brackets."""
    for name in profile.services:
        words = [
            word
            for word, names in (
                ("optional", profile.optional),
                ("hosted", profile.remote_services),
                ("after consent", profile.widened),
            )
            if name in names
        ]
        yield f"{name} ({', '.join(words)})" if words else name


def wants(resources: Resources) -> str:
    """Return in words what is wanted of the machine; empty for nothing."""
    parts = []
    if resources.gpus:
        parts.append("1 GPU" if resources.gpus == 1 else f"{resources.gpus} GPUs")
    for amount, what in ((resources.vram_mib, "GPU memory"), (resources.memory_mib, "memory")):
        if amount:
            size = f"{amount / MIB_A_GIB:.3g} GiB" if amount >= MIB_A_GIB else f"{amount} MiB"
            parts.append(f"{size} {what}")
    return ", ".join(parts)


def word_of(profile: Profile) -> Iterator[str]:
    """Yield what the teacher's word in the metadata says, and whether it widens."""
    parts = []
    if profile.declared:
        listed = ", ".join(profile.services)
        parts.append(f"services {listed}" if listed else "none at all")
    if profile.mode:
        parts.append(f"mode {profile.mode}")
    if profile.fallback:
        parts.append(f"fallback {profile.fallback}")
    if not parts:
        return
    yield f"The teacher's word: {'; '.join(parts)}."
    if profile.widened:
        names = ", ".join(profile.widened)
        yield f"It widens: the code does not show {names}."
    elif profile.declared:
        yield "It names nothing that the code does not show."


def on_opening(profile: Profile, specs: Mapping[str, ServiceSpec]) -> Iterator[str]:
    """Yield what happens when the notebook is opened and its kernel starts."""
    if not profile.services or profile.mode == "off":
        yield "On opening: nothing changes; its kernel starts as it always did."
        return
    yield "On opening, as far as the server's mode allows:"
    for name in profile.services:
        yield f"  {name} {_fate(name, profile, specs)}"
    if profile.mode == "demo":
        yield "  But its mode is demo: stand-in pictures take the place of them all."
    if profile.fallback == "never":
        yield "  Where a local service cannot answer, no cloud takes its place."
    for item in profile.literal_addresses:
        yield (
            f"  Cell {item.cell + 1}, line {item.line} holds a fixed address that no variable "
            f"reaches: {item.excerpt}"
        )


def _fate(name: str, profile: Profile, specs: Mapping[str, ServiceSpec]) -> str:
    if name in profile.remote_services:
        return "is a hosted server by the notebook's own word: nothing starts."
    if name in specs and specs[name].kind == "cloud":
        return "is a cloud: its calls pass through the Lab, where that has a key."
    if name in profile.widened:
        return "starts after a person has agreed once: only its metadata names it."
    if name in profile.optional:
        return "starts when a cell calls it."
    return "starts with the kernel."
