"""What keeps the demo engine small: bounded files, queue and errors in the right dialect."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from servers.demo.harness import Engine
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine

from coursia_genai_lab.servers.demo.access import Gate
from coursia_genai_lab.servers.demo.files import OutsideError, Vault
from coursia_genai_lab.servers.demo.jobs import MAX_WAITING, Job, JobQueue, QueueFullError
from coursia_genai_lab.servers.demo.settings import Settings


@pytest.fixture
def vault() -> Iterator[Vault]:
    small = Vault(max_files=3, max_bytes=100)
    yield small
    small.close()


def names(vault: Vault) -> list[str]:
    return sorted(path.name for path in (vault.root / "output").iterdir())


def test_the_oldest_files_go_first(vault: Vault) -> None:
    for number in range(5):
        vault.store("output", vault.path("output", "", f"{number}.png"), b"x")

    assert names(vault) == ["2.png", "3.png", "4.png"]


def test_large_files_push_out_more_and_the_newest_always_stays(vault: Vault) -> None:
    for number, size in enumerate((60, 60, 500)):
        vault.store("output", vault.path("output", "", f"{number}.png"), b"x" * size)

    assert names(vault) == ["2.png"]


@pytest.mark.parametrize("name", ["../x", "..", ".", "", "a/../../x", "/x", "x\x00", "x" * 300])
def test_no_name_leaves_the_folder(vault: Vault, name: str) -> None:
    with pytest.raises(OutsideError):
        vault.path("output", "", name)


def test_nothing_is_left_after_closing() -> None:
    vault = Vault()
    vault.store("input", vault.path("input", "a/b", "x.png"), b"x")
    vault.close()

    assert not vault.root.exists()


async def test_the_queue_takes_only_so_many() -> None:
    async def work(job: Job) -> None:
        await asyncio.sleep(0)

    queue = JobQueue(lambda: None)
    for number in range(MAX_WAITING):
        queue.submit(Job(str(number), number, work))

    with pytest.raises(QueueFullError):
        queue.submit(Job("one too many", 0, work))
    await queue.close()
    assert queue.remaining == 0


async def test_a_job_that_breaks_does_not_end_the_worker() -> None:
    async def broken(job: Job) -> None:
        raise ZeroDivisionError

    async def fine(job: Job) -> None:
        await job.pause(0)

    queue = JobQueue(lambda: None)
    queue.open()
    first, second = Job("1", 1, broken), Job("2", 2, fine)
    queue.submit(first)
    queue.submit(second)
    await asyncio.wait_for(second.done.wait(), 60)
    await queue.close()

    assert (first.state, second.state) == ("failed", "completed")


async def test_closing_at_any_moment_ends_the_worker() -> None:
    async def work(job: Job) -> None:
        await job.pause(600)

    for steps in range(8):
        queue = JobQueue(lambda: None)
        queue.open()
        job = Job("1", 1, work)
        queue.submit(job)
        for _ in range(steps):
            await asyncio.sleep(0)
        await asyncio.wait_for(queue.close(), 60)

        assert job.state == "cancelled" or queue.running is None


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("DELETE", "/v1/models", 405), ("GET", "/v1/images/generations", 405), ("PUT", "/v1/x", 404)],
)
def test_openai_errors_keep_their_shape_everywhere(
    engine: Engine, method: str, path: str, status: int
) -> None:
    answer = engine.http.request(method, path)

    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


def test_other_errors_are_no_pages_either(engine: Engine) -> None:
    for path in ("/prompt", "/nothing", "/api/nothing"):
        answer = engine.http.delete(path)
        assert answer.headers["content-type"].startswith("text/plain")
    assert set(engine.http.get("/sdapi/v1/txt2img").json()) == {
        "error", "detail", "body", "errors",
    }  # fmt: skip
    assert engine.http.get("/view?filename=%ff").status_code == 400


def asked(host: str, **headers: str) -> HTTPServerRequest:
    class Connection:
        context = None

    given = HTTPHeaders({"Host": host, **headers})
    line = RequestStartLine("GET", "/prompt", "HTTP/1.1")
    return HTTPServerRequest(headers=given, connection=Connection(), start_line=line)  # type: ignore[arg-type]


def test_in_a_container_any_host_name_may_be_used() -> None:
    assert Gate(Settings(host="0.0.0.0")).refuse(asked("genai-demo:8188")) is None
    assert Gate(Settings(host="127.0.0.1")).refuse(asked("genai-demo:8188")) is not None


@pytest.mark.parametrize("host", ["[bad", "::1", "[::1", "", "127.0.0.1:x"])
def test_a_broken_host_name_breaks_nothing(host: str) -> None:
    Gate(Settings()).refuse(asked(host))
    refusal = Gate(Settings()).refuse(asked("127.0.0.1", Origin=f"http://{host}"))

    assert refusal is not None
    assert refusal.status == 403


def test_the_token_is_in_no_text_of_the_settings() -> None:
    assert "secret" not in repr(Settings(token="secret"))
