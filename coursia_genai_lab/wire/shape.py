"""The base of every wire shape."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Shape(BaseModel):
    """A frozen, closed shape; the docstring under a field reaches its JSON Schema.

    Validators are built at first use, and docstrings are read only by whoever writes the schema
    (scripts/generate_wire.py sets `use_attribute_docstrings` before it loads the shapes): both
    cost every kernel and every server start otherwise.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", defer_build=True, protected_namespaces=()
    )
