"""Which variables a program has already, so that nothing of their group is put in their place."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..catalog.load import Catalog
from ..detection.dotenv import names_set
from ..launch.variables import LAB_GROUPS, names_that_matter

TOKEN_VARIABLE = "GENAI_API_TOKEN"
TOKEN_PREFIX = "cgl_"
ENVIRONMENT = "the program's environment"


def names_taken(
    environ: Mapping[str, str], catalog: Catalog, folder: Path, root: Path
) -> dict[str, str]:
    """Return the names that are set, each with the place where; never their values.

    `.env` files count from `folder` up to `root`. What an earlier launch gave, in a kernel or
    within another `exec`, is not the user's own: it gives way.
    """
    given = _given_before(environ, catalog)
    dotenv = names_set(folder.resolve(), root.resolve(), names_that_matter(catalog.values()))
    taken = {name: ENVIRONMENT for name, value in environ.items() if value and name not in given}
    return {**dotenv, **taken}


def _given_before(environ: Mapping[str, str], catalog: Catalog) -> frozenset[str]:
    token = environ.get(TOKEN_VARIABLE, "")
    if not token.startswith(TOKEN_PREFIX):
        return frozenset()
    exports = [group.variables for spec in catalog.values() for group in spec.exports]
    # A group holds address and credential together, so the credential tells whose it is.
    ours = [names for names in exports if any(environ.get(name) == token for name in names)]
    return frozenset(name for names in (*LAB_GROUPS, *ours) for name in names)
