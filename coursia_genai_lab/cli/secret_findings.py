"""What `coursia-genai doctor` says of the folder of secrets."""

from __future__ import annotations

from ..config import LabSettings
from ..secret_files.folder import SecretsFolder
from .checks import Finding


def secret_findings(settings: LabSettings) -> list[Finding]:
    """Look at the files of secrets; nothing to say where no folder is set."""
    if not settings.secrets_path:
        return []
    folder = SecretsFolder(settings.secrets_path)
    problems = folder.problems()
    if problems:
        return [Finding("secrets", "note", one.message, one.remedy) for one in problems]
    names = [one.name for one in folder.entries()]
    if not names:
        return [
            Finding(
                "secrets",
                "note",
                f"{folder.path} holds no secrets yet.",
                "Set one where something needs it: coursia-genai secrets set NAME",
            )
        ]
    return [Finding("secrets", "ok", f"{', '.join(names)} in {folder.path}, private")]
