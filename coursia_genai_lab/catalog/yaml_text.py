"""Tables as YAML text, in the few forms that a Compose file needs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

# What no version of YAML takes for a number, a truth, a date or nothing.
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./-]*")
_NOT_PLAIN = {"null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf"}


def yaml_of(table: Mapping[str, Any]) -> str:
    """Return the table as YAML: tables and lists in blocks, texts in quotes where they need them.

    Values are texts, numbers, truths, lists and tables. Every other YAML reader reads it alike.
    """
    return "\n".join(_lines(table, "")) + "\n"


def _lines(value: Any, indent: str) -> list[str]:
    lines = []
    if isinstance(value, Mapping):
        for key, inner in value.items():
            lines += _entry(f"{indent}{_scalar(str(key))}:", inner, indent + "  ")
    else:
        for inner in value:
            if isinstance(inner, Mapping) and inner:
                first, *rest = _lines(inner, indent + "  ")
                lines += [f"{indent}- {first.lstrip(' ')}", *rest]
            else:
                lines += _entry(f"{indent}-", inner, indent + "  ")
    return lines


def _entry(head: str, value: Any, indent: str) -> list[str]:
    if isinstance(value, (Mapping, list)) and value:
        return [head, *_lines(value, indent)]
    return [f"{head} {_scalar(value)}"]


def _scalar(value: Any) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _NOT_PLAIN:
        return value
    if isinstance(value, str):
        # JSON is YAML but for what lies outside the first plane of Unicode, which it writes as
        # two halves; and YAML forbids some characters that JSON allows.
        return "".join(map(_character, json.dumps(value, ensure_ascii=False)))
    text = json.dumps(value)
    # To YAML 1.1 a number without a point and with an exponent is a text.
    return text if not isinstance(value, float) or "." in text else text.replace("e", ".0e")


def _character(char: str) -> str:
    code = ord(char)
    if code < 0x7F:
        return char
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
