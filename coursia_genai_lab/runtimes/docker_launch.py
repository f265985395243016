"""One start of one container, as blocking calls in a thread; undone when it fails."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import docker
import docker.errors

from ..errors import Conflict, GenAIError, PortTaken, ServiceError
from . import credentials
from .base import Progress, Report, StartOrder
from .deaths import KEPT_LINES, died_while_starting
from .docker_calls import Inspection, Launched, has_image, inspect, log_lines, remove
from .docker_claims import refuse_overbooking
from .docker_container import (
    OWNER_LABEL,
    TOKEN_LABEL,
    container_name,
    container_of,
    create_arguments,
    exit_of,
    instance_of,
    is_current,
    labels_of,
)
from .docker_limits import is_podman
from .docker_network import drop_unused_network, ensure_network
from .docker_problems import AWAY, image_missing, name_taken, no_gpu_by_podman, refused

STEM = "docker-"
_RACE_SECONDS = 15.0
_PORT_TRIES = 5
"""How often another dynamic port is asked for; the engine tries ten in a row each time."""
_YOUNG_SECONDS = 2.0
# With all capabilities dropped not even a container's root reads somebody else's 0600 file, so
# the file is readable to all and its folder (0700) keeps other people of this machine away.
_CREDENTIAL_MODE = 0o444


class Abandoned(Exception):
    """Whoever wanted the start has gone."""


class _TryAgain(Exception):
    """Another Lab was quicker with the name, the container or the network."""


class DockerLaunch:
    """Bring one service up, or find it running; `abandon` makes it give up and undo."""

    def __init__(self, order: StartOrder, report: Report) -> None:
        self._order = order
        self._report = report
        self._abandoned = threading.Event()
        self._first_seen: dict[str, float] = {}
        self._ports_left = _PORT_TRIES

    def abandon(self) -> None:
        """Give up before the next call to the engine."""
        self._abandoned.set()

    def run(self, client: docker.DockerClient) -> Launched:
        """Return the running instance.

        Raises:
            ImageMissing, PortTaken, ServiceError: the engine refuses.
            Conflict: the name is somebody else's.
            Abandoned: nobody wants it any more.
        """
        container = container_of(self._order.spec)
        self._say("looking for the image")
        if not has_image(client, container.image):
            raise image_missing(self._order.spec)
        race_ends = time.monotonic() + _RACE_SECONDS
        while True:
            try:
                return self._running(client) or self._make(client)
            except _TryAgain:
                if time.monotonic() > race_ends:
                    raise ServiceError(
                        f"Somebody else starts and removes {self._order.spec.title} all the time.",
                        "Stop the other Lab, or choose another GenAILab.namespace.",
                        code="start_race",
                    ) from None
                self._abandoned.wait(0.1)

    def _running(self, client: docker.DockerClient) -> Launched | None:
        """Adopt what bears the name if it is ours and current; remove what is ours and old."""
        order = self._order
        found = inspect(client, container_name(order.namespace, order.spec.name))
        if found is None:
            return None
        if labels_of(found).get(OWNER_LABEL) != order.owner:
            raise _somebody_elses(order, found)
        token_ref = labels_of(found).get(TOKEN_LABEL, "")
        if is_current(found, order.spec) and token_ref:
            file = self._credential_path(token_ref)
            credential = credentials.read_credential(file)
            if credential is not None:
                return Launched(instance_of(found, order.spec, credential, adopted=True), file)
        if found["State"]["Status"] == "created" and self._is_young(str(found["Id"])):
            raise _TryAgain  # another Lab of this owner is about to start it
        # Also one that never got to run: after the engine was lost during a start a second
        # start of the same container fails, and its port may be held for ever.
        self._say("removing the old container")
        remove(client, str(found["Id"]))
        if token_ref:
            credentials.remove_credential(self._credential_path(token_ref))
        return None

    def _make(self, client: docker.DockerClient) -> Launched:
        order = self._order
        stem = STEM + container_name(order.namespace, order.spec.name)
        file = self._credential_path(credentials.new_credential_name(stem))
        made: str | None = None
        try:
            self._say("creating the container")
            network = ensure_network(client, order.namespace, order.subnet)
            self._write(file)
            if order.spec.gpu is not None and is_podman(client.version()):
                raise no_gpu_by_podman(order.spec)
            cpus = int(client.info().get("NCPU") or 1)
            made = self._create(client, network, file, cpus)
            refuse_overbooking(client, order, made)
            self._say("starting the container")
            self._start(client, made)
            # Again: an older one may have come into sight only now.
            refuse_overbooking(client, order, made)
            found = inspect(client, made)
            if found is None:
                raise _TryAgain
            if (exit_ := exit_of(found)) is not None:
                raise died_while_starting(order, exit_, log_lines(client, made, KEPT_LINES))
            instance = instance_of(found, order.spec, order.credential, adopted=False)
            return Launched(instance, file)
        except BaseException:
            self._undo(client, made, file)
            raise

    def _create(self, client: docker.DockerClient, network: str, file: Path, cpus: int) -> str:
        arguments = create_arguments(self._order, network=network, credential_file=file, cpus=cpus)
        try:
            return str(client.containers.create(**arguments).id)
        except docker.errors.APIError as error:
            absent = isinstance(error, docker.errors.NotFound)
            network_gone = absent and not isinstance(error, docker.errors.ImageNotFound)
            if name_taken(error) or network_gone:
                raise _TryAgain from error
            raise refused(self._order.spec, error) from error

    def _start(self, client: docker.DockerClient, container: str) -> None:
        try:
            client.api.start(container)
        except docker.errors.NotFound as error:
            # The container, or the network that the last one to leave took away.
            raise _TryAgain from error
        except docker.errors.APIError as error:
            if "is ambiguous" in str(error.explanation):
                raise _TryAgain from error  # two networks of one name, for a moment
            problem = refused(self._order.spec, error)
            if isinstance(problem, PortTaken) and self._ports_left > 0:
                self._ports_left -= 1
                raise _TryAgain from error
            raise problem from error

    def _is_young(self, container: str) -> bool:
        now = time.monotonic()
        return now - self._first_seen.setdefault(container, now) < _YOUNG_SECONDS

    def _write(self, file: Path) -> None:
        try:
            credentials.write_credential(file, self._order.credential, _CREDENTIAL_MODE)
        except OSError as error:
            raise ServiceError(
                f"The credential of {self._order.spec.title} cannot be written: {error.strerror}.",
                "Free some space, or correct GenAILab.state_path.",
            ) from error

    def _undo(self, client: docker.DockerClient, made: str | None, file: Path) -> None:
        try:
            if made is not None:
                remove(client, made)
            drop_unused_network(client, self._order.namespace)
        except (GenAIError, *AWAY):
            # The engine is gone: what is left bears our label, and the next start removes it.
            # The credential stays too: it shows that this owner must not be forgotten.
            return
        credentials.remove_credential(file)

    def _say(self, phase: str) -> None:
        if self._abandoned.is_set():
            raise Abandoned
        self._report(Progress(phase))

    def _credential_path(self, name: str) -> Path:
        return credentials.credential_path(self._order.state_folder, name)


def _somebody_elses(order: StartOrder, found: Inspection) -> Conflict:
    name = container_name(order.namespace, order.spec.name)
    owner = labels_of(found).get(OWNER_LABEL)
    who = f"another Lab ({owner[:8]}…)" if owner else "somebody else"
    image = found["Config"]["Image"]
    return Conflict(
        f"A container named {name} belongs to {who} (image {image}); it was left alone.",
        "Choose another GenAILab.namespace, or remove that container if nobody needs it.",
        code="name_taken",
    )
