"""What the methods and operators of texts give, as far as an address may need it."""

from __future__ import annotations

from .values import (
    HOLE,
    LONGEST_TEXT,
    UNKNOWN,
    Constant,
    Row,
    Text,
    Value,
    as_text,
    choice,
    join,
    options,
)

MOST_PARTS = 64

_KEEP = {
    "lower", "upper", "casefold", "encode", "decode", "expandtabs",
    "removesuffix", "removeprefix", "title",
}  # fmt: skip


def filled(left: Text, right: Value) -> Value:
    """Return `"%s/prompt" % base`."""
    parts = left.text.replace("%%", "%").split("%s")
    fills = list(right.items) if isinstance(right, Row) else [right]
    woven: list[Value | None] = [Text(parts[0], left.variables)]
    for index, part in enumerate(parts[1:]):
        woven.append(fills[index] if index < len(fills) else None)
        woven.append(Text(part))
    return join(woven)


def first_set(found: list[Value]) -> Value:
    """Return what `a or b` gives: the default of an empty variable is what follows."""
    made: Value = UNKNOWN
    for item in reversed(found):
        if isinstance(item, Text) and item.text in ("", HOLE):
            made = _settable(made, item.variables)
        elif not isinstance(item, Constant) or made is UNKNOWN:
            made = choice([item, made])
    return made


def _settable(value: Value, variables: frozenset[str]) -> Value:
    known = [
        Text(option.text, option.variables | variables)
        for option in options(value)
        if isinstance(option, Text)
    ]
    return choice(known) if known else Text(HOLE, variables)


def text_method(owner: Text, word: str, positional: list[Value], named: dict[str, Value]) -> Value:
    """Return what a method of a text gives; UNKNOWN for those that do not matter."""
    if word == "format":
        return formatted(owner, positional, named)
    if word == "join":
        rows = [one for item in positional for one in options(item) if isinstance(one, Row)]
        return join(rows[0].items, owner.text) if rows else Text(HOLE)
    if word == "replace" and len(positional) == 2 and as_text(positional[0]).text:
        old, new = as_text(positional[0]).text, as_text(positional[1]).text
        return Text(owner.text.replace(old, new)[:LONGEST_TEXT], owner.variables)
    if word in {"rstrip", "lstrip", "strip"}:
        made: str = getattr(owner.text, word)(as_text(positional[0]).text if positional else None)
        return Text(made, owner.variables)
    return owner if word in _KEEP else UNKNOWN


def formatted(text: Text, positional: list[Value], named: dict[str, Value]) -> Value:
    """Return `"{}/prompt".format(base)`."""
    woven: list[Value | None] = []
    rest, index = text.text, 0
    while "{" in rest and len(woven) < MOST_PARTS:
        before, _, rest = rest.partition("{")
        name, _, rest = rest.partition("}")
        woven.append(Text(before, text.variables))
        key = name.split(":", 1)[0].split("!", 1)[0]
        if key in named:
            woven.append(named[key])
        else:
            place = int(key) if key.isdecimal() and len(key) <= 3 else index
            index += 1
            woven.append(positional[place] if place < len(positional) else None)
    return join([*woven, Text(rest, text.variables)])
