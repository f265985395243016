"""Refusals by moderation, told apart from failures: they are final, and nobody else is asked."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..errors import ModerationBlocked

CODES = frozenset(
    {
        "moderation_blocked",
        "content_policy_violation",
        "content_filter",
        "contentfilter",
        "image_generation_user_error",
        "refusal",
        "safety_violation",
    }
)
"""Of the OpenAI Images API and of those who speak it, as `code` or `type`."""
_WORDS = re.compile(
    r"content[ _-]?moderation|moderation (blocked|refused|rejected)|flagged by moderation"
    r"|content[ _-]policy|safety system|nsfw (content|image)",
    re.IGNORECASE,
)


def is_refusal(text: str) -> bool:
    """Say whether an engine without codes tells of moderation in its words."""
    return _WORDS.search(text) is not None


def blocked(codes: Iterable[str] = ()) -> ModerationBlocked:
    """Return what is told; the engine's own words stay out, for they may repeat the prompt."""
    known = sorted(CODES.intersection(codes))
    return ModerationBlocked(
        "The image service refuses this request: its moderation blocked it.",
        code=known[0] if known else None,
        param="prompt",
    )
