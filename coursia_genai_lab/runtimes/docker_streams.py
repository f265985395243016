"""Answers of the engine that go on and on: pulls, events, logs."""

from __future__ import annotations

import contextlib
import json
import struct
from collections.abc import Iterator, Mapping
from typing import IO, Any, Literal

import docker
import docker.errors
import requests
import urllib3.exceptions
from docker.types import CancellableStream

_CONNECT_SECONDS = 5.0
_HEADER = struct.Struct(">B3xI")
_BROKEN = (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError)


class EngineStream:
    """Read an answer as it comes; `close`, from any thread, ends the reading.

    The SDK has such a stream for events and logs, and none for a pull.
    """

    def __init__(self, response: requests.Response) -> None:
        self._response = response
        self._closed = False

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Give the objects of JSON, one a line; ends quietly once closed.

        Raises:
            requests.exceptions.RequestException: the engine broke off, or was silent too long.
        """
        for line in self.lines():
            with contextlib.suppress(ValueError):
                yield json.loads(line)

    def lines(self) -> Iterator[bytes]:
        """Give the lines as they are; see `__iter__` for what ends them."""
        return self._read(line for line in self._response.iter_lines() if line)

    def frames(self) -> Iterator[bytes]:
        """Give the pieces of a container's output, which come with a header of eight bytes each.

        See the Engine API, "Attach to a container", stream format; see `__iter__` for the end.
        """
        return self._read(self._frames())

    def _frames(self) -> Iterator[bytes]:
        while len(header := self._response.raw.read(_HEADER.size)) == _HEADER.size:
            _, size = _HEADER.unpack(header)
            yield self._response.raw.read(size)

    def _read(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        try:
            yield from pieces
        except (*_BROKEN, ValueError, AttributeError):
            # The last two are what a reader meets whose socket was closed under it.
            if not self._closed:
                raise
        finally:
            self._response.close()

    def close(self) -> None:
        """End the reading, also one that waits at this moment."""
        self._closed = True
        with contextlib.suppress(OSError, AttributeError):
            CancellableStream(iter(()), self._response).close()
        with contextlib.suppress(OSError, AttributeError):
            self._response.close()


def open_stream(
    client: docker.DockerClient,
    method: Literal["GET", "POST"],
    path: str,
    *,
    params: Mapping[str, str],
    headers: Mapping[str, str] | None = None,
    quiet_seconds: float | None,
    body: IO[bytes] | None = None,
) -> EngineStream:
    """Ask the engine, sending `body` where there is one; return its answer while it goes on.

    `quiet_seconds` is the longest silence, before the answer and between two pieces of it; None
    bears any.

    Raises:
        docker.errors.APIError: the engine refuses.
        requests.exceptions.RequestException: it is away or silent.
    """
    api = client.api
    response = api.request(
        method,
        f"{api.base_url}/v{api.api_version}{path}",
        params=dict(params),
        headers=dict(headers or {}),
        data=body,
        stream=True,
        timeout=(_CONNECT_SECONDS, quiet_seconds),
    )
    try:
        response.raise_for_status()
    except requests.HTTPError as error:
        try:
            docker.errors.create_api_error_from_http_exception(error)
        finally:
            response.close()
    return EngineStream(response)
