"""Every route, for those who may and those who may not."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest
from rest_routes import CASES, concrete
from tornado.httpclient import HTTPClientError

from coursia_genai_lab.handlers import ROUTES
from coursia_genai_lab.handlers.base import AUTH_RESOURCE


@pytest.mark.parametrize(("pattern", "verb"), CASES)
async def test_nobody_without_a_token_gets_in(
    pattern: str, verb: str, jp_fetch: Callable[..., Any], app: Any
) -> None:
    keywords: dict[str, Any] = {"body": "{}"} if verb in ("POST", "PUT") else {}
    with pytest.raises(HTTPClientError) as refusal:
        await jp_fetch(
            *concrete(pattern), method=verb, headers={"Authorization": "token wrong"}, **keywords
        )
    assert refusal.value.code == 403


@pytest.mark.parametrize(("pattern", "verb"), CASES)
async def test_an_authorizer_that_says_no_is_obeyed(
    pattern: str, verb: str, jp_fetch: Callable[..., Any], app: Any, jp_serverapp: Any
) -> None:
    asked: list[tuple[str, str]] = []

    class Nobody(type(jp_serverapp.authorizer)):  # type: ignore[misc]
        def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
            asked.append((action, resource))
            return False

    jp_serverapp.web_app.settings["authorizer"] = Nobody(parent=jp_serverapp)
    keywords: dict[str, Any] = {"body": "{}"} if verb in ("POST", "PUT") else {}
    with pytest.raises(HTTPClientError) as refusal:
        await jp_fetch(*concrete(pattern), method=verb, **keywords)
    assert refusal.value.code == 403
    assert asked == [("read" if verb == "GET" else "write", AUTH_RESOURCE)]


def test_no_get_changes_state() -> None:
    # What a GET runs may look and wait, but never set a wish, a mode or a lease.
    changing = re.compile(r"\.(start|stop|restart|pin|unpin|change|enable|take|drop)\(")
    wrong = [
        handler.__name__
        for _, handler in ROUTES
        if "get" in vars(handler) and changing.search(inspect.getsource(handler.get))
    ]
    assert wrong == []


async def test_health_answers_anybody_with_the_status_only(
    jp_fetch: Callable[..., Any], app: Any
) -> None:
    answer = await jp_fetch("coursia-genai", "health", headers={"Authorization": "token wrong"})
    assert answer.body == b'{"status": "ok"}'
