"""What services can exist: one small declarative file each."""

from __future__ import annotations

from .load import Catalog, load_catalog
from .read import read_spec
from .spec import ServiceSpec

__all__ = ["Catalog", "ServiceSpec", "load_catalog", "read_spec"]
