"""Every dangerous thing that a service file might try is refused, on its line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from service_text import LINES, changed, line_of, mistakes_in

from coursia_genai_lab.catalog.read import examine

NO_KEY = "is no key of a service file"
LINK_LOCAL = "metadata service"
BAD_PATH = "no path of the service itself"
BAD_IMAGE = "no image reference"
RESERVED = "not for services to set"
OUTSIDE = "no folder below a model root"

REFUSED = {
    "privilege": ("port = 8188", "port = 8188\nprivileged = true", NO_KEY, 1),
    "capabilities": ("port = 8188", 'port = 8188\ncap_add = ["SYS_ADMIN"]', NO_KEY, 1),
    "devices": ("port = 8188", 'port = 8188\ndevices = ["/dev/mem"]', NO_KEY, 1),
    "the host's network": ("port = 8188", 'port = 8188\nnetwork_mode = "host"', NO_KEY, 1),
    "the host's processes": ("port = 8188", 'port = 8188\npid = "host"', NO_KEY, 1),
    "the engine's socket": (
        "port = 8188", 'port = 8188\nvolumes = ["/var/run/docker.sock:/s"]', NO_KEY, 1,
    ),
    "mounts": ("port = 8188", 'port = 8188\nmounts = [{source = "/"}]', NO_KEY, 1),
    "security options": ("port = 8188", 'port = 8188\nsecurity_opt = ["x"]', NO_KEY, 1),
    "absolute model folder": ("models = [", 'models = ["/etc"]', OUTSIDE, 0),
    "model folder above": ("models = [", 'models = ["a/../../etc"]', OUTSIDE, 0),
    "hidden model folder": ("models = [", 'models = [".ssh"]', OUTSIDE, 0),
    "optional model folder above": ("models = [", 'optional_models = [".."]', OUTSIDE, 0),
    "folder of a file above": ("folder =", 'folder = "../.."', OUTSIDE, 0),
    "file name with a path": ("name =", 'name = "../../.bashrc"', "no plain file name", 0),
    "file name with a NUL": ("name =", 'name = "a\\u0000b"', "no plain file name", 0),
    "image with an option": ("image =", 'image = "--privileged"', BAD_IMAGE, 0),
    "image with a space": ("image =", 'image = "lab/comfyui:1 --privileged"', BAD_IMAGE, 0),
    "image with a line break": ("image =", 'image = "lab/comfyui:1\\n"', BAD_IMAGE, 0),
    "image as an address": ("image =", 'image = "http://evil/x"', BAD_IMAGE, 0),
    "image with a shell": ("image =", 'image = "lab/$(id)"', BAD_IMAGE, 0),
    "user with an option": ("port = 8188", 'port = 8188\nuser = "-u root"', "no user", 1),
    "token over a folder": ("port = 8188", 'port = 8188\ntoken_path = "/a/../b"', "absolute", 1),
    "token in the working folder": (
        "port = 8188", 'port = 8188\ntoken_path = "token"', "absolute path inside", 1,
    ),
    "all GPUs by variable": (
        "port = 8188", 'port = 8188\nenvironment = {NVIDIA_VISIBLE_DEVICES = "all"}', "[gpu]", 1,
    ),
    "all GPUs by id": ("vram_mib", 'vram_mib = 1\nids = ["all"]', "no GPU", 1),
    "a GPU twice": ("vram_mib", 'vram_mib = 1\nids = ["0", "0"]', "twice", 1),
    "variable with =": (
        "port = 8188", 'port = 8188\nenvironment = {"A=B" = "x"}', "environment variable", 1,
    ),
    "variable with a line break": (
        "port = 8188", 'port = 8188\nenvironment = {A = "x\\ny"}', "line break", 1,
    ),
    "build folder above": ("context", 'context = "../elsewhere"', "neither the name", 0),
    "build folder up from the root": ("context", 'context = "/srv/../root"', "'..'", 0),
    "build from the net": ("context", 'context = "https://evil/x.git"', "neither the name", 0),
    "readiness elsewhere": ("path", 'path = "//evil.example.org/x"', BAD_PATH, 0),
    "readiness by an address": ("path", 'path = "http://evil/x"', BAD_PATH, 0),
    "readiness with a backslash": ("path", 'path = "/\\\\evil"', BAD_PATH, 0),
    "readiness with CRLF": ("path", 'path = "/x\\r\\nHost: evil"', BAD_PATH, 0),
    "readiness with a space": ("path", 'path = "/x HTTP/1.1"', BAD_PATH, 0),
    "status of none": ("path", 'path = "/"\nstatuses = [0]', "no HTTP status", 1),
    "no status": ("path", 'path = "/"\nstatuses = []', "is empty", 1),
    "address with a password": (
        "door_port", 'address = "http://me:hidden@127.0.0.1:1"', "never stands", 0,
    ),
    "address of a file": ("door_port", 'address = "file:///etc/passwd"', "no http://", 0),
    "address of a socket": ("door_port", 'address = "unix:///run/docker.sock"', "no http://", 0),
    "address of no host": ("door_port", 'address = "http://"', "no http://", 0),
    "metadata service": ("door_port", 'address = "http://169.254.169.254/"', LINK_LOCAL, 0),
    "metadata by name": (
        "door_port", 'address = "http://metadata.google.internal/"', LINK_LOCAL, 0,
    ),
    "metadata mapped": ("door_port", 'address = "http://[::ffff:a9fe:a9fe]/"', LINK_LOCAL, 0),
    "metadata of another cloud": ("door_port", 'address = "http://100.100.100.200"', LINK_LOCAL, 0),
    "link-local": ("door_port", 'address = "http://[fe80::1]/"', LINK_LOCAL, 0),
    "metadata as a number": ("door_port", 'address = "http://2852039166/"', "in disguise", 0),
    "metadata as octals": ("door_port", 'address = "http://0251.0376.0251.0376"', "disguise", 0),
    "metadata in hexadecimals": ("door_port", 'address = "http://0xa9fea9fe/"', "in disguise", 0),
    "every host": ("door_port", 'address = "http://0.0.0.0:8188"', "no single host", 0),
    "address with a tab": ("door_port", 'address = "http://a\\tb/"', "space", 0),
    "address with a query": ("door_port", 'address = "http://a/?x=1"', "'?' part", 0),
    "PATH": ("MINE_URL", 'PATH = "{door}"', RESERVED, 0),
    "LD_PRELOAD": ("MINE_URL", 'LD_PRELOAD = "/tmp/x.so"', RESERVED, 0),
    "PYTHONPATH": ("MINE_URL", 'PYTHONPATH = "/tmp"', RESERVED, 0),
    "JUPYTER_TOKEN": ("MINE_URL", 'JUPYTER_TOKEN = "{token}"', RESERVED, 0),
    "a proxy": ("MINE_URL", 'HTTPS_PROXY = "{door}"', RESERVED, 0),
    "a certificate": ("MINE_URL", 'SSL_CERT_FILE = "/tmp/x"', RESERVED, 0),
    "the Lab's own token": ("MINE_URL", 'GENAI_API_TOKEN = "x"', RESERVED, 0),
    "a small name": ("MINE_URL", 'https_proxy = "{door}"', "no variable name", 0),
    "an unknown field": ("MINE_URL", 'MINE_URL = "{credential}"', "knows only {door}", 0),
    "an attribute of a field": ("MINE_URL", 'MINE_URL = "{door.__class__}"', "knows only", 0),
    "an open brace": ("MINE_URL", 'MINE_URL = "{door"', "knows only {door}", 0),
    "system port": ("door_port", "door_port = 22", "1024 or more", 0),
    "port beyond": ("port = 8188", "port = 65536", "65535 or less", 0),
    "huge memory": ("port = 8188", "port = 1\nmemory_mib = 99999999999", "or less", 1),
    "no memory": ("port = 8188", "port = 1\nmemory_mib = -1", "64 or more", 1),
    "endless start": ("door_port", "start_timeout_seconds = inf", "finite", 0),
    "start of no number": ("door_port", "start_timeout_seconds = nan", "finite", 0),
    "endless grace": ("door_port", "stop_grace_seconds = 1e9", "600", 0),
    "hash too short": ("name =", 'name = "a"\nsha256 = "abc"', "no SHA-256", 1),
    "hash in capitals": ("name =", f'name = "a"\nsha256 = "{"A" * 64}"', "no SHA-256", 1),
    "negative size": ("name =", 'name = "a"\nsize_bytes = -1', "0 or more", 1),
    "url of a file": ("name =", 'name = "a"\nurl = "file:///etc/shadow"', "no http://", 1),
    "url with a password": ("name =", 'name = "a"\nurl = "https://u:p@h/x"', "never stands", 1),
    "url of metadata": (
        "name =", 'name = "a"\nurl = "http://169.254.169.254/latest"', LINK_LOCAL, 1,
    ),
    "repository above": ("name =", 'name = "a"\nrepository = "../x"', "no repository", 1),
    "repository by address": ("name =", 'name = "a"\nrepository = "https://x/y"', "no rep", 1),
    "two sources": (
        "name =", 'name = "a"\nurl = "https://h/x"\nrepository = "a/b"', "both a url", None,
    ),
    "another name": ("title = \"Mine", 'title = "Mine"\nname = "openai"', "is to be mine", 1),
    "escape sequence": ("title = \"Mine", 'title = "\\u001b[2J"', "control character", 0),
    "title of two lines": ("title = \"Mine", 'title = "a\\nb"', "line break", 0),
    "command of two lines": ("door_port", 'install_command = "a\\nrm -rf /"', "line break", 0),
    "stand-in for itself": ("door_port", 'cloud_stand_in = "mine"', "for itself", None),
    "many stars": ("door_port", 'detect = {calls = ["*a*a*a*a*"]}', "three '*'", 0),
}  # fmt: skip


def test_the_file_that_the_others_change_is_right(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("\n".join(LINES))
    assert mistakes_in(path) == []


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused_with_its_line(tmp_path: Path, what: str) -> None:
    beginning, new, said, below = REFUSED[what]
    # Some keys stand twice: the first of them is meant.
    [*found] = mistakes_in(changed(tmp_path, beginning, new))
    assert any(said in mistake.message for mistake in found), [str(one) for one in found]
    told = next(mistake for mistake in found if said in mistake.message)
    if below is not None:
        assert told.line == line_of(beginning) + below


@pytest.mark.parametrize(
    ("new", "said"),
    [
        ('command = ["{token}"]', "holds {token}"),
        ('command = ["x", "{port.__class__}"]', "holds {port.__class__}"),
        ('command = ["{0}"]', "holds {0}"),
        ('command = ["a\\u0000b"]', "is not as it is to be"),
        ("command = []", "is empty"),
    ],
)
def test_a_command_is_given_nothing_but_its_three_words(
    tmp_path: Path, new: str, said: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f'title = "Mine"\ndialect = "comfyui"\n[process]\n{new}\n')
    [mistake] = mistakes_in(path)
    assert said in mistake.message
    assert mistake.line == 4


def test_what_ordinary_commands_hold_is_no_placeholder(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'title = "Mine"\ndialect = "comfyui"\n[process]\n'
        """command = ["{python}", "-c", 'print({"a": 1}, {})', "--port={port}"]\n"""
    )
    assert examine(path).process is not None


@pytest.mark.parametrize("name", ["../evil", "Mine", "-x", "a b", "é", "a" * 41])
def test_a_file_whose_name_is_none_for_a_service_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"{name.replace('/', '_')}.toml"
    path.write_text("\n".join(LINES))
    assert any("no service name" in mistake.message for mistake in mistakes_in(path))


HUGE = {
    "a long file": "a = 1\n" * 100_000,
    "deep brackets": "a = " + "[" * 50_000,
    "deep tables": "a = " + "{b = " * 5_000,
    "a key of many parts": ".".join(["a"] * 50_000) + " = 1",
    "a table of many parts": f"[{'.'.join(['a'] * 50_000)}]",
    "a long number": f"title = {'9' * 100_000}",
    "many keys": "\n".join(f"a{number} = 1" for number in range(10_000)),
    "no text": b"\xff\xfe\x00",
    "a NUL": b'title = "a\x00"',
}


@pytest.mark.parametrize("what", HUGE)
def test_a_file_that_would_cost_much_is_refused_soon(tmp_path: Path, what: str) -> None:
    text = HUGE[what]
    path = tmp_path / "mine.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    found = mistakes_in(path)
    assert found
    assert len(found) <= 20
    assert all(len(str(mistake)) < 1_000 for mistake in found)


def test_a_named_pipe_is_no_service_file_and_blocks_nothing(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    os.mkfifo(path)
    [mistake] = mistakes_in(path)
    assert "no plain file" in mistake.message
