"""What `coursia-genai doctor` says of a class's policy."""

from __future__ import annotations

import asyncio

from ..config import LabSettings
from ..lab.policy import Policy
from ..lab.policy_source import PolicySource
from ..lab.rules import ClassWord
from ..secret_files.folder import SecretsFolder
from .checks import Finding


def policy_findings(settings: LabSettings) -> list[Finding]:
    """Read the policy as a server would that starts now; nothing to say where none is named."""
    if not settings.policy_source:
        return []
    word = asyncio.run(_read(settings))
    if word.problem is not None:
        return [Finding("policy", "note", word.problem.message, word.problem.remedy)]
    if word.read_at is None:
        return [
            Finding(
                "policy",
                "note",
                f"The class's policy at {word.source} has not come yet.",
                "Look whether it answers from this machine.",
            )
        ]
    course = f" of {word.rules.course}" if word.rules.course else ""
    return [Finding("policy", "ok", f"The policy{course} is read from {word.source}")]


async def _read(settings: LabSettings) -> ClassWord:
    policy = Policy(settings.mode)
    secrets = SecretsFolder(settings.secrets_path)
    source = PolicySource(settings.policy_source, policy, kept=None, token=secrets.get)
    try:
        await source.open()
        return policy.of_class
    finally:
        await source.close()
