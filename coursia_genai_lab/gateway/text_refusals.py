"""Why a field of a text call is not passed on, in words for whoever wrote the notebook."""

from __future__ import annotations

from ..errors import InvalidRequest, NotAllowed

ELSEWHERE = "it could bring in another model or provider than the one that was checked"
STATE = "it would keep something in the Lab's account, or read what others keep there"
TOOLS = "it would let the provider search, fetch, run or open something"
FILES = "files and addresses are not passed on; pictures come as data: URLs"
DEARER = "it would change what the call costs"
WHY = {
    **dict.fromkeys(
        ("models", "route", "provider", "preset", "transforms", "fallbacks"), ELSEWHERE
    ),
    **dict.fromkeys(
        ("metadata", "background", "previous_response_id", "conversation", "prompt", "session_id"),
        STATE,
    ),
    **dict.fromkeys(("context_management", "store", "trace"), STATE),
    **dict.fromkeys(("plugins", "web_search_options", "max_tool_calls"), TOOLS),
    **dict.fromkeys(("audio", "modalities", "image_config", "files"), FILES),
    **dict.fromkeys(("n", "best_of", "service_tier", "prediction", "cache_control"), DEARER),
    **dict.fromkeys(("usage", "debug"), "the Lab sets it itself"),
}


def refused(name: str, why: str | None = None) -> InvalidRequest:
    """Return the refusal of a field, or of what it holds."""
    plain = "".join(one for one in name if one.isprintable())[:60]
    reason = why or WHY.get(name, "the Lab does not know it")
    return InvalidRequest(
        f"'{plain}' is not passed on to the provider: {reason}.",
        "Leave it out. Text, pictures as data: URLs, and tools of type function are passed on.",
        code="field_refused",
        param=plain,
    )


def wrong(name: str, what: str) -> InvalidRequest:
    """Return the refusal of a value that no call can have."""
    return InvalidRequest(f"'{name}' {what}.", code="invalid_value", param=name)


def too_long(characters: int, most: int) -> InvalidRequest:
    """Return the refusal of more text than one call may send."""
    return InvalidRequest(
        f"The call sends {characters:,} characters; {most:,} may be sent here.",
        "Send less, or ask whoever set the policy of this class for more.",
        code="text_too_long",
    )


def switched_off() -> NotAllowed:
    """Return what is said where no text model may be asked."""
    return NotAllowed(
        "Text models are switched off here: this Lab makes pictures only.",
        "Whoever administers this server can name models in GenAILab.text_models; where a class's "
        "policy is read, a teacher names them in its [text] table too. Or give the notebook's text "
        "calls a client of their own, with an address and a key of their own.",
        code="text_off",
    )


def not_allowed(model: str, allowed: tuple[str, ...]) -> NotAllowed:
    """Return what is said of a text model that is not among those that may be asked."""
    return NotAllowed(
        f"The text model {model[:100]} may not be asked here.",
        f"Use one of: {', '.join(allowed[:10])}.",
        code="text_model_not_allowed",
        param="model",
    )
