"""A Jupyter server in this process with the extension and the fake runtime."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.provisioning import KernelProvisionerFactory


@pytest.fixture
def lab_traits() -> dict[str, Any]:
    """Traits of `GenAILab`; a test overrides this to choose others."""
    return {"runtime": "fake"}


@pytest.fixture
def jp_server_config(
    jp_server_config: dict[str, Any], lab_traits: dict[str, Any], tmp_path: Path
) -> dict[str, Any]:
    return {
        "ServerApp": {
            # Terminals have a socket that Jupyter's own check of authentication complains of.
            "jpserver_extensions": {"coursia_genai_lab": True, "jupyter_server_terminals": False},
            "allow_unauthenticated_access": False,
        },
        "GenAILab": {"state_path": str(tmp_path / "state"), **lab_traits},
    }


@pytest.fixture
def app(jp_serverapp: Any, jp_asyncio_loop: Any) -> Any:
    """The extension application, opened as a running server opens it."""
    (found,) = jp_serverapp.extension_manager.extension_apps["coursia_genai_lab"]
    jp_asyncio_loop.run_until_complete(found.open())
    jp_asyncio_loop.run_until_complete(found.parts.lab.opened(10))
    yield found
    jp_asyncio_loop.run_until_complete(found.close())


@pytest.fixture(autouse=True)
def _no_factory_between_tests() -> Any:
    # The factory is one per process; a test must not see the former one's server.
    KernelProvisionerFactory.clear_instance()
    yield
    KernelProvisionerFactory.clear_instance()


@pytest.fixture
def api(jp_fetch: Callable[..., Any], app: Any) -> Callable[..., Any]:
    """Fetch below api/v1/ and return (status, JSON), errors included."""
    import json

    from tornado.httpclient import HTTPClientError

    async def call(method: str, *path: str, body: Any = None, **query: str) -> tuple[int, Any]:
        keywords: dict[str, Any] = {"method": method, "params": query}
        if method in ("POST", "PUT"):
            keywords["body"] = json.dumps({} if body is None else body)
        try:
            answer = await jp_fetch("coursia-genai", "api", "v1", *path, **keywords)
        except HTTPClientError as error:
            response = error.response
            assert response is not None
            return error.code, json.loads(response.body)
        return answer.code, json.loads(answer.body)

    return call
