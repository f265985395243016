"""A class's policy is followed: in force soon after its change, and never wider by accident."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from waiting import until

from coursia_genai_lab.errors import ConfigurationError
from coursia_genai_lab.lab.policy import Policy
from coursia_genai_lab.lab.policy_source import PolicySource
from coursia_genai_lab.secret_files.secret import Secret
from coursia_genai_lab.wire.problems import Problem

TOKEN = "token-of-the-teacher"


@dataclass
class Class:
    """A policy that is followed, and what was told of it."""

    policy: Policy
    source: PolicySource
    warnings: list[Problem] = field(default_factory=list)

    @property
    def mode(self) -> str:
        return self.policy.effective()

    @property
    def codes(self) -> list[str]:
        return [problem.code for problem in self.warnings]

    def tells(self, code: str) -> Callable[[], bool]:
        return lambda: self.codes == [code]


@asynccontextmanager
async def following(source: str | Path, tmp_path: Path, **extra: Any) -> AsyncIterator[Class]:
    warnings: list[Problem] = []

    def take_back(code: str) -> None:
        warnings[:] = [one for one in warnings if one.code != code]

    policy = Policy("auto")
    followed = PolicySource(
        str(source),
        policy,
        kept=tmp_path / "state" / "policy.json",
        warn=warnings.append,
        take_back=take_back,
        **{"url_seconds": 0.05, **extra},
    )
    try:
        await followed.open()
        yield Class(policy, followed, warnings)
    finally:
        await followed.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    folder = tmp_path / "course"
    folder.mkdir(mode=0o755)
    path = folder / "policy.toml"
    path.write_text('mode = "local"\n')
    path.chmod(0o644)
    return path


async def test_a_change_of_the_file_is_in_force_soon(file: Path, tmp_path: Path) -> None:
    async with following(file, tmp_path) as it:
        assert it.mode == "local"
        assert it.policy.of_class.read_at
        file.write_text('mode = "off"\n')
        await until(lambda: it.mode == "off")
        new = file.with_name("new.toml")
        new.write_text('mode = "demo"\n')
        new.replace(file)
        await until(lambda: it.mode == "demo")
        assert it.warnings == []


async def test_a_file_that_goes_or_breaks_leaves_the_last_good_in_force(
    file: Path, tmp_path: Path
) -> None:
    async with following(file, tmp_path) as it:
        for text, code in (
            (None, "policy_gone"),
            ("", "policy_broken"),
            ('mode = "loc', "policy_broken"),
            ("mode = 3\n", "policy_broken"),
            ("# " + "x" * 200_000, "policy_broken"),
        ):
            if text is None:
                file.unlink()
            else:
                file.write_text(text)
                file.chmod(0o644)
            await until(it.tells(code))
            assert it.mode == "local"
            assert it.policy.of_class.problem == it.warnings[0]
            assert "What was read before holds." in it.warnings[0].message
            assert it.warnings[0].remedy
        file.write_text('mode = "local"\n')
        await until(lambda: it.codes == [])
        assert it.policy.of_class.problem is None


async def test_the_last_good_one_holds_over_a_restart(file: Path, tmp_path: Path) -> None:
    async with following(file, tmp_path) as it:
        # It is kept a moment after it is in force.
        await until((tmp_path / "state" / "policy.json").exists)
        read_at = it.policy.of_class.read_at
    file.unlink()
    async with following(file, tmp_path) as it:
        assert (it.mode, it.codes) == ("local", ["policy_gone"])
        assert it.policy.of_class.read_at is not None
        assert read_at is not None
        assert it.policy.of_class.read_at <= read_at
    async with following(file.with_name("other.toml"), tmp_path) as it:
        assert it.mode == "off"


@pytest.mark.parametrize("kept", ["", "{}", "[1]", '{"source": 1}', "\x00"])
async def test_a_policy_that_was_never_read_allows_nothing(kept: str, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "policy.json").write_text(kept)
    async with following(tmp_path / "nowhere.toml", tmp_path) as it:
        assert it.policy.effective("demo") == "off"
        assert it.policy.limits("ada", "openai")[0].microusd == 0
        assert it.codes == ["policy_gone"]
        assert "GenAI stays off" in it.warnings[0].message
    assert it.policy.of_class.read_at is None


async def test_before_it_is_read_for_the_first_time_nothing_is_allowed(
    file: Path, tmp_path: Path
) -> None:
    policy = Policy("auto")
    source = PolicySource(str(file), policy, kept=None)
    assert policy.effective() == "off"
    await source.open()
    assert policy.effective() == "local"
    await source.open()
    await source.close()
    await source.close()


async def test_without_a_source_nothing_is_read(tmp_path: Path) -> None:
    async with following("", tmp_path) as it:
        assert (it.mode, it.policy.of_class.source) == ("auto", "")


@pytest.mark.skipif(os.name != "posix", reason="other systems have other rights")
@pytest.mark.parametrize("exposure", ["file", "folder", "no file", "notebooks"])
async def test_a_policy_that_those_it_binds_can_change_is_not_read(
    exposure: str, file: Path, tmp_path: Path
) -> None:
    root = None
    if exposure == "file":
        file.chmod(0o666)
    elif exposure == "folder":
        file.parent.chmod(0o777)
    elif exposure == "no file":
        file.unlink()
        os.mkfifo(file)
    else:
        # Also by a link from outside.
        link = tmp_path / "link.toml"
        link.symlink_to(file)
        root, file = file.parent, link
    async with following(file, tmp_path, notebook_root=root) as it:
        assert (it.mode, it.codes) == ("off", ["policy_exposed"])
        assert it.warnings[0].remedy


async def test_a_file_that_is_opened_to_others_later_counts_no_more(
    file: Path, tmp_path: Path
) -> None:
    async with following(file, tmp_path) as it:
        file.write_text('mode = "auto"\n')
        file.chmod(0o666)
        await until(lambda: it.codes == ["policy_exposed"])
        assert it.mode == "local"
        file.chmod(0o644)
        await until(lambda: it.mode == "auto")


async def test_a_link_that_is_turned_as_a_config_map_is_is_followed(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir(mode=0o755)
        (tmp_path / name / "policy.toml").write_text(f'course = "{name}"\n')
    link = tmp_path / "policy.toml"
    link.symlink_to(tmp_path / "first" / "policy.toml")
    async with following(link, tmp_path) as it:
        assert it.policy.of_class.rules.course == "first"
        turned = tmp_path / "turned"
        turned.symlink_to(tmp_path / "second" / "policy.toml")
        turned.replace(link)
        await until(lambda: it.policy.of_class.rules.course == "second")


# -- at a URL ------------------------------------------------------------------------------------


@dataclass
class Site:
    """A teacher's server."""

    url: str = ""
    text: str = 'mode = "local"\n'
    status: int = 200
    tag: str = ""
    location: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)
    answered: list[int] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append({name.lower(): value for name, value in request.headers.items()})
        answer = web.Response(status=self.status, text=self.text)
        if request.path == "/moved.toml" or (self.location and request.path == "/policy.toml"):
            answer = web.Response(status=302, headers={"Location": self.location})
        elif self.tag and self.status == 200:
            answer.headers["ETag"] = self.tag
            if request.headers.get("If-None-Match") == self.tag:
                answer = web.Response(status=304)
        self.answered.append(answer.status)
        return answer


@asynccontextmanager
async def serving() -> AsyncIterator[Site]:
    site, app = Site(), web.Application()
    app.router.add_get("/{name}", site.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    listener = web.TCPSite(runner, "127.0.0.1", 0)
    await listener.start()
    host, port = runner.addresses[0][:2]
    site.url = f"http://{host}:{port}/policy.toml"
    try:
        yield site
    finally:
        await runner.cleanup()


def token(name: str) -> Secret | None:
    assert name == "GENAI_POLICY_TOKEN"
    return Secret(TOKEN)


async def test_a_url_is_asked_with_the_token_and_again_only_for_what_changed(
    tmp_path: Path,
) -> None:
    async with serving() as site:
        site.tag = '"one"'
        async with following(site.url, tmp_path, token=token) as it:
            assert it.mode == "local"
            await until(lambda: 304 in site.answered)
            site.text, site.tag = 'mode = "demo"\n', '"two"'
            await until(lambda: it.mode == "demo")
        assert site.asked[0]["authorization"] == f"Bearer {TOKEN}"
        assert "if-none-match" not in site.asked[0]
        assert site.asked[1]["if-none-match"] == '"one"'


async def test_a_url_that_fails_leaves_the_last_good_in_force_until_it_answers_again(
    tmp_path: Path,
) -> None:
    async with serving() as site:
        site.tag = '"one"'
        async with following(site.url, tmp_path) as it:
            for status, code in ((500, "policy_unreachable"), (403, "policy_refused")):
                site.status = status
                await until(it.tells(code))
                assert it.mode == "local"
            site.status = 200
            await until(lambda: it.codes == [])
            site.text, site.tag = "mode = 1\n", '"two"'
            await until(lambda: it.codes == ["policy_broken"])
            site.text, site.tag = "# " + "x" * 1_000_000, '"three"'
            await until(lambda: "KiB" in it.warnings[0].message)
            assert it.mode == "local"


async def test_nobody_answers_at_the_url_and_nothing_of_its_query_is_shown(tmp_path: Path) -> None:
    async with serving() as site:
        url = f"{site.url}?key={TOKEN}"
    async with following(url, tmp_path) as it:
        assert it.codes == ["policy_unreachable"]
        assert it.policy.of_class.source == site.url
        assert TOKEN not in f"{it.warnings}{it.policy.of_class}{it.policy.refuse_change()}"


async def test_a_url_may_lead_on_within_its_server_and_to_no_other(tmp_path: Path) -> None:
    async with serving() as site, serving() as other:
        site.location = "/final.toml"
        async with following(site.url, tmp_path, token=token) as it:
            assert it.mode == "local"
        site.location = other.url
        async with following(site.url, tmp_path / "a", token=token) as it:
            assert (it.mode, it.codes) == ("off", ["policy_address"])
        assert other.asked == []
        site.location = "/moved.toml"
        async with following(site.url, tmp_path / "b") as it:
            assert it.codes == ["policy_unreachable"]


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/policy.toml",
        "https://teacher:geheim@127.0.0.1/policy.toml",
        "https:///policy.toml",
        "http://[::1/policy.toml",
    ],
)
async def test_an_address_that_somebody_could_answer_for_is_not_asked(
    url: str, tmp_path: Path
) -> None:
    async with following(url, tmp_path) as it:
        assert (it.mode, it.codes) == ("off", ["policy_address"])
        assert "geheim" not in f"{it.warnings}{it.policy.of_class.source}"


async def test_secrets_that_cannot_be_read_do_not_end_the_following(tmp_path: Path) -> None:
    def none(name: str) -> Secret | None:
        raise ConfigurationError("The secrets file can be read by others.")

    async with serving() as site, following(site.url, tmp_path, token=none) as it:
        assert it.mode == "local"
        assert "authorization" not in site.asked[0]


async def test_a_server_that_says_nothing_ends_with_the_close(tmp_path: Path) -> None:
    release = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await release.wait()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    policy = Policy("auto")
    source = PolicySource(f"http://127.0.0.1:{port}/p.toml", policy, kept=None)
    await source.open()
    assert policy.effective() == "off"
    await source.close()
    release.set()
    server.close()
    await server.wait_closed()
