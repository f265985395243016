"""Which notebooks a kernel is for."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jupyter_server import CallContext

from coursia_genai_lab.launch.person import unix_user
from coursia_genai_lab.launch.resolve import Claim, Resolver


class Sessions:
    """A session table with the given rows."""

    def __init__(self, *rows: dict[str, Any]) -> None:
        self.rows = rows

    async def list_sessions(self) -> Sequence[dict[str, Any]]:
        return self.rows


def row(kernel: str, path: str, name: str = "", type_: str = "notebook", id_: str = "s1") -> Any:
    return {"id": id_, "path": path, "name": name, "type": type_, "kernel": {"id": kernel}}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "sub" / "deep").mkdir(parents=True)
    for name in ("nb.ipynb", "sub/deep/nb.ipynb", "sub/été & co 图.ipynb", "sub/a:b.ipynb"):
        (root / name).write_text("{}")
    (tmp_path / "outside.ipynb").write_text("{}")
    (root / "notes.txt").write_text("x")
    return root


@pytest.fixture(autouse=True)
def _no_request() -> Iterator[None]:
    yield
    CallContext.set(CallContext.JUPYTER_HANDLER, None)


def serve(method: str, path: str, body: Any, **attributes: Any) -> None:
    """Let the context say that this request is being served."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = SimpleNamespace(method=method, path=path, body=data)
    handler = SimpleNamespace(request=request, current_user=None, **attributes)
    CallContext.set(CallContext.JUPYTER_HANDLER, handler)


async def paths(resolver: Resolver, environment: dict[str, str] | None = None) -> list[str]:
    asked = await resolver.ask("k1", {} if environment is None else environment)
    return [notebook.api_path for notebook in resolver.locate(asked.claims)]


async def test_jupyterlab_posts_a_uuid_as_path_and_the_file_as_name(root: Path) -> None:
    serve(
        "POST",
        "/base/api/sessions",
        {"path": "sub/deep/0c5b5cc4-7e4f", "name": "nb.ipynb", "type": "notebook"},
    )
    assert await paths(Resolver(root_dir=root)) == ["sub/deep/nb.ipynb"]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"path": "sub/deep/nb.ipynb", "type": "notebook"}, ["sub/deep/nb.ipynb"]),
        ({"path": "/nb.ipynb", "name": "", "type": "notebook"}, ["nb.ipynb"]),
        ({"path": "sub/u-1", "name": "été & co 图.ipynb"}, ["sub/été & co 图.ipynb"]),
        ({"path": "RTC:sub/deep/u-1", "name": "nb.ipynb"}, ["sub/deep/nb.ipynb"]),
        ({"path": "my.drive:sub/deep/nb.ipynb", "name": "nb.ipynb"}, ["sub/deep/nb.ipynb"]),
        ({"path": "u-1", "name": "RTC:nb.ipynb"}, ["nb.ipynb"]),
        ({"path": "sub/a:b.ipynb", "name": "a:b.ipynb"}, ["sub/a:b.ipynb"]),
        ({"notebook": {"path": "nb.ipynb"}}, ["nb.ipynb"]),
        ({"path": "sub/deep/nb-jvsc-1.ipynb", "name": "nb.ipynb"}, ["sub/deep/nb.ipynb"]),
        ({"path": "sub/deep/Console 1", "name": "Console 1", "type": "console"}, []),
        ({"path": "nb.ipynb", "name": "nb.ipynb", "type": "console"}, []),
        ({"path": "notes.txt", "name": "notes.txt", "type": "file"}, []),
        ({"path": "sub/u-1", "name": "../../outside.ipynb"}, []),
        ({"path": "../outside.ipynb"}, []),
        ({"path": "sub/../../outside.ipynb"}, []),
        ({"path": "missing.ipynb", "name": "missing.ipynb"}, []),
        ({"path": "nb.ipynb\x00", "name": 7}, []),
        ({"path": ["nb.ipynb"]}, []),
        ([], []),
        (b"{not json", []),
        (b"\xff\xfe", []),
    ],
)
async def test_a_session_request_is_read_as_clients_write_it(
    root: Path, body: Any, found: list[str]
) -> None:
    serve("POST", "/api/sessions", body)
    assert await paths(Resolver(root_dir=root)) == found


async def test_the_session_table_wins_and_gives_all_notebooks_of_the_kernel(root: Path) -> None:
    serve("POST", "/api/sessions", {"path": "sub/été & co 图.ipynb"})
    sessions = Sessions(
        row("k1", "nb.ipynb", "stale.ipynb"),
        row("k1", "sub/Console 1", "Console 1", "console"),
        row("k1", "sub/deep/uuid", "nb.ipynb"),
        row("k1", "nb.ipynb"),
        row("other", "sub/a:b.ipynb"),
    )
    found = await paths(Resolver(root_dir=root, sessions=sessions))
    assert found == ["nb.ipynb", "sub/deep/nb.ipynb"]


async def test_a_console_on_its_own_kernel_has_no_notebook_whatever_else_is_said(
    root: Path,
) -> None:
    sessions = Sessions(row("k1", "sub/Console 1", "Console 1", "console"))
    resolver = Resolver(root_dir=root, sessions=sessions)
    assert await paths(resolver, {"COURSIA_NOTEBOOK_PATH": "nb.ipynb"}) == []


async def test_a_kernel_change_is_found_by_the_session_in_the_url(root: Path) -> None:
    sessions = Sessions(row("old", "sub/deep/nb.ipynb", id_="0c5b-1"))
    serve("PATCH", "/api/sessions/0c5b-1", {"kernel": {"name": "python3"}})
    resolver = Resolver(root_dir=root, sessions=sessions)
    assert await paths(resolver) == ["sub/deep/nb.ipynb"]
    serve("PATCH", "/api/sessions/0c5b-2", {"kernel": {"name": "python3"}})
    assert await paths(resolver) == []


async def test_a_request_of_another_kind_says_nothing(root: Path) -> None:
    serve("POST", "/api/kernels/k1/restart", {"path": "nb.ipynb"})
    assert await paths(Resolver(root_dir=root)) == []
    serve("POST", "/api/kernels", {"path": "nb.ipynb"})
    assert await paths(Resolver(root_dir=root)) == ["nb.ipynb"]


@pytest.mark.parametrize("name", ["JPY_SESSION_NAME", "COURSIA_NOTEBOOK_PATH"])
async def test_the_launch_environment_helps_where_nothing_else_does(root: Path, name: str) -> None:
    resolver = Resolver(root_dir=root)
    assert await paths(resolver, {name: "sub/deep/nb.ipynb"}) == ["sub/deep/nb.ipynb"]
    assert await paths(resolver, {name: str(root / "nb.ipynb")}) == ["nb.ipynb"]
    assert await paths(resolver, {name: f"{root}/sub/../../outside.ipynb"}) == []
    assert await paths(resolver, {name: str(root.parent / "outside.ipynb")}) == []


async def test_a_session_name_that_the_server_itself_inherited_is_nobodys(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", "nb.ipynb")
    asked = await Resolver(root_dir=root).ask("k1", None)
    assert asked.claims == ()
    monkeypatch.setenv("COURSIA_NOTEBOOK_PATH", "nb.ipynb")
    asked = await Resolver(root_dir=root).ask("k1", None)
    assert asked.claims == (Claim("nb.ipynb"),)


async def test_links_are_followed_within_the_root_only(root: Path) -> None:
    (root / "in.ipynb").symlink_to("sub/deep/nb.ipynb")
    (root / "out.ipynb").symlink_to(root.parent / "outside.ipynb")
    (root / "folder").symlink_to(root.parent)
    (root / "loop.ipynb").symlink_to("loop.ipynb")
    resolver = Resolver(root_dir=root)
    claims = [Claim(name) for name in ("in.ipynb", "out.ipynb", "folder/outside.ipynb")]
    found = resolver.locate([*claims, Claim("loop.ipynb")])
    assert [one.api_path for one in found] == ["in.ipynb"]
    assert found[0].file == (root / "sub/deep/nb.ipynb").resolve()


async def test_two_names_of_one_file_are_one_notebook(root: Path) -> None:
    (root / "in.ipynb").symlink_to("nb.ipynb")
    found = Resolver(root_dir=root).locate([Claim("in.ipynb"), Claim("nb.ipynb")])
    assert len(found) == 1


async def test_a_pipe_or_a_folder_is_no_notebook(root: Path) -> None:
    os.mkfifo(root / "pipe.ipynb")
    (root / "folder.ipynb").mkdir()
    assert Resolver(root_dir=root).locate([Claim("pipe.ipynb"), Claim("folder.ipynb")]) == ()


async def test_a_root_that_is_a_link_or_named_with_dots_still_holds_its_notebooks(
    root: Path,
) -> None:
    link = root.parent / "link"
    link.symlink_to(root)
    resolver = Resolver(root_dir=link)
    assert await paths(resolver, {"JPY_SESSION_NAME": str(link / "nb.ipynb")}) == ["nb.ipynb"]
    assert await paths(resolver, {"JPY_SESSION_NAME": str(root / "nb.ipynb")}) == ["nb.ipynb"]


class HubProvider:
    """An identity provider of another package, which knows real names."""


async def test_the_person_is_a_named_user_of_a_provider_else_the_unix_user(root: Path) -> None:
    from jupyter_server.auth.identity import PasswordIdentityProvider

    resolver = Resolver(root_dir=root)
    assert (await resolver.ask("k1", {})).person == unix_user()
    serve("POST", "/api/sessions", {"path": "nb.ipynb"}, identity_provider=HubProvider())
    CallContext.get(CallContext.JUPYTER_HANDLER).current_user = SimpleNamespace(username="ada")
    assert (await resolver.ask("k1", {})).person == "ada"
    CallContext.get(
        CallContext.JUPYTER_HANDLER
    ).identity_provider = PasswordIdentityProvider.__new__(PasswordIdentityProvider)
    assert (await resolver.ask("k1", {})).person == unix_user()
