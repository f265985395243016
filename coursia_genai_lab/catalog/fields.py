"""The kinds of values in a spec: what each may hold, and what to say of one that does not.

Everything here has a bound, and nothing may hold a control character: specs are shown in
terminals and browsers, and handed to engines and shells.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints

WORDS: dict[str, str] = {}
"""Pattern -> the sentence for a value that does not fit it."""


def _pattern(pattern: str, words: str) -> str:
    assert pattern not in WORDS, "two kinds of values need two patterns"
    WORDS[pattern] = words
    return pattern


_NO_CONTROLS = _pattern(r"^[^\x00-\x1f\x7f-\x9f]*$", "holds a line break or a control character")
_TEXT = _pattern(r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f]*$", "holds a control character")
_MODEL_FOLDER = _pattern(
    r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$",
    "is no folder below a model root: use plain names with '/' between them, no '..' and no "
    "leading '/'",
)
_IMAGE = _pattern(
    r"^(([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)(:[0-9]{1,5})?/)?"
    r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*"
    r"(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?$",
    "is no image reference such as registry.example.org/lab/comfyui:1",
)
_PATH = _pattern(
    r"^/([A-Za-z0-9._~!$&'()*+,;=:@%-][A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?"
    r"(\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?$",
    "is no path of the service itself: begin with one '/', use no spaces and no address",
)
_INNER_PATH = _pattern(
    r"^(/[A-Za-z0-9_][A-Za-z0-9_.-]*)+$", "is no absolute path inside the container"
)
_USER = _pattern(
    r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?$", "is no user or user:group"
)
_CREDENTIAL_USER = _pattern(
    r"^[A-Za-z0-9_.@-]+$", "is no user name of letters, digits and '_', '.', '@', '-'"
)
_GPU = _pattern(
    r"^([0-9]{1,3}|(GPU|MIG)-[A-Za-z0-9/-]{1,100})$",
    "is no GPU: give an index or an id that begins with GPU- or MIG-",
)
_CONTEXT = _pattern(
    r"^([a-z][a-z0-9-]{0,39}|(/[^/\x00-\x1f\x7f]+)+)$",
    "is neither the name of a build context nor the absolute path of a folder",
)
_REPOSITORY = _pattern(
    r"^[A-Za-z0-9_][A-Za-z0-9_.-]*/[A-Za-z0-9_][A-Za-z0-9_.-]*$", "is no repository OWNER/NAME"
)
_REVISION = _pattern(
    r"^[A-Za-z0-9_][A-Za-z0-9_.+-]*(/[A-Za-z0-9_][A-Za-z0-9_.+-]*)*$",
    "is no branch, tag or commit",
)
_REPOSITORY_PATH = _pattern(
    r"^[A-Za-z0-9_][A-Za-z0-9_.+ -]*(/[A-Za-z0-9_][A-Za-z0-9_.+ -]*)*$",
    "is no path inside the repository: no '..', no leading '/', no '?'",
)
_SERVICE = _pattern(
    r"^[a-z][a-z0-9-]{0,39}$",
    "is no service name: small letters, digits and '-', beginning with a letter, at most 40",
)
_VARIABLE = _pattern(
    r"^[A-Z][A-Z0-9_]{0,63}$", "is no variable name of capital letters, digits and '_'"
)
_ENVIRONMENT = _pattern(r"^[A-Za-z_][A-Za-z0-9_]{0,127}$", "is no name of an environment variable")
_FILE = _pattern(r"^[A-Za-z0-9_][A-Za-z0-9_.+-]*$", "is no plain file name")
_SHA256 = _pattern(r"^[0-9a-f]{64}$", "is no SHA-256 of 64 small hexadecimal digits")
_MODEL_ID = _pattern(
    r"^[A-Za-z0-9][A-Za-z0-9._:-]*(/[A-Za-z0-9][A-Za-z0-9._:-]*)*$", "is no model name"
)
_CONTAINER = _pattern(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$", "is no container name")

_PLACEHOLDER = re.compile(r"\{[A-Za-z_.\[\]!:0-9]*\}")
_PROCESS_PLACEHOLDERS = {"{python}", "{port}", "{token_file}"}
_EXPORT_PLACEHOLDERS = {"{door}", "{door_host}", "{openai}", "{token}"}
_HOST = re.compile(r"^(?!-)[A-Za-z0-9.-]{1,253}(?<!-)$")
_LOOKS_NUMERIC = re.compile(r"^(0[xX][0-9a-fA-F]+|[0-9]+)(\.(0[xX][0-9a-fA-F]+|[0-9]+))*\.?$")
_METADATA_HOSTS = {"metadata", "metadata.google.internal", "instance-data"}
_METADATA_ADDRESSES = {
    ip_address("100.100.100.200"),
    ip_address("192.0.0.192"),
    ip_address("fd00:ec2::254"),
}
# A kernel's or a shell's own: whoever sets one of these decides what runs, or where traffic goes.
_RESERVED_NAMES = {
    "BASH_ENV", "CDPATH", "CLASSPATH", "CURL_CA_BUNDLE", "ENV", "FALLBACK_REASON", "HOME",
    "HOSTNAME", "IFS", "LANG", "LOGNAME", "MAIL", "OLDPWD", "PATH", "PROMPT_COMMAND", "PS4",
    "PWD", "REQUESTS_CA_BUNDLE", "SHELL", "SHELLOPTS", "TEMP", "TERM", "TMP", "TMPDIR", "USER",
    "GENAI_API_TOKEN", "GENAI_API_URL", "GENAI_MODE", "GENAI_NOTEBOOK_TYPE", "GENAI_SERVICES",
}  # fmt: skip
_RESERVED_BEGINNINGS = (
    "AWS_", "BASH_FUNC", "CONDA", "COURSIA_", "DOCKER_", "DOTNET_", "DYLD_", "GCONV", "GIT_",
    "GLIBC_", "IPYTHON", "JAVA_", "JPY_", "JULIA_", "JUPYTER", "LC_", "LD_", "MALLOC_", "MPL",
    "NODE_", "OPENSSL_", "PERL", "PIP_", "PYDEVD", "PYTHON", "RUBY", "R_", "SSH_", "SSL_", "UV_",
    "VIRTUAL_ENV", "XDG_", "ZDOTDIR",
)  # fmt: skip


def _exported_name(name: str) -> str:
    if name in _RESERVED_NAMES or name.startswith(_RESERVED_BEGINNINGS) or name.endswith("_PROXY"):
        raise ValueError("is not for services to set: the kernel, the shell or the Lab uses it")
    return name


def _exported_value(text: str) -> str:
    unknown = [word for word in re.findall(r"\{[^}]*\}?", text) if word not in _EXPORT_PLACEHOLDERS]
    if unknown or text.count("}") != text.count("{"):
        raise ValueError("knows only {door}, {door_host}, {openai} and {token} between braces")
    return text


def _process_argument(text: str) -> str:
    unknown = set(_PLACEHOLDER.findall(text)) - _PROCESS_PLACEHOLDERS - {"{}"}
    if unknown:
        raise ValueError(
            f"holds {sorted(unknown)[0]}; only {{python}}, {{port}} and {{token_file}} are replaced"
        )
    return text


def _container_variable(name: str) -> str:
    if name == "NVIDIA_VISIBLE_DEVICES":
        raise ValueError("would give GPUs past the Lab's own accounts; use [gpu]")
    return name


def _status(value: int) -> int:
    if not 100 <= value <= 599:
        raise ValueError("is no HTTP status")
    return value


def _indicator(text: str) -> str:
    if text.count("*") > 3:
        raise ValueError("holds more than three '*'")
    return text


def _place_below(text: str) -> str:
    if ".." in text.split("/"):
        raise ValueError("leads out of its folder by '..'")
    return text


def check_address(text: str) -> str:
    """Return an http(s) address of a host that may be asked.

    Raises:
        ValueError: it holds a password, is no plain http address, or leads to a cloud's
            metadata service or a link-local address.
    """
    if any(ord(char) <= 32 or ord(char) >= 127 or char == "\\" for char in text):
        raise ValueError("holds a space, a backslash or another character that no address has")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("is no address") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("is no http:// or https:// address")
    if "@" in parts.netloc:
        raise ValueError("holds a user name or password; a secret never stands in a service file")
    if port == 0:
        raise ValueError("has the port 0")
    if parts.fragment:
        raise ValueError("has a '#' part, which no server sees")
    _check_host(parts.hostname)
    return text


def _check_host(host: str) -> None:
    try:
        number: IPv4Address | IPv6Address = ip_address(host)
    except ValueError:
        # 2852039166, 0xa9fea9fe and 0251.0376.0251.0376 are 169.254.169.254 to many clients.
        if _LOOKS_NUMERIC.match(host):
            raise ValueError("has a host that is a number in disguise; write a.b.c.d") from None
        if not _HOST.match(host):
            raise ValueError("has no proper host name") from None
        if host.rstrip(".").lower() in _METADATA_HOSTS:
            raise ValueError("leads to a cloud's metadata service") from None
        return
    if isinstance(number, IPv6Address):
        number = number.ipv4_mapped or number.sixtofour or number
    if number.is_link_local or number in _METADATA_ADDRESSES:
        raise ValueError("leads to a link-local address or a cloud's metadata service")
    if number.is_multicast or number.is_unspecified or str(number) == "255.255.255.255":
        raise ValueError("leads to no single host")


def _server_address(text: str) -> str:
    check_address(text)
    if "?" in text:
        raise ValueError("has a '?' part; give the address alone")
    return text


Line = Annotated[str, StringConstraints(max_length=500, pattern=_NO_CONTROLS)]
"""One line of text."""
Title = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=_NO_CONTROLS)]
LongText = Annotated[str, StringConstraints(max_length=5000, pattern=_TEXT)]
ServiceName = Annotated[str, StringConstraints(pattern=_SERVICE)]
VariableName = Annotated[str, StringConstraints(pattern=_VARIABLE), AfterValidator(_exported_name)]
ExportValue = Annotated[
    str,
    StringConstraints(max_length=500, pattern=_NO_CONTROLS),
    AfterValidator(_exported_value),
]
EnvironmentName = Annotated[
    str, StringConstraints(pattern=_ENVIRONMENT), AfterValidator(_container_variable)
]
EnvironmentValue = Annotated[str, StringConstraints(max_length=4000, pattern=_NO_CONTROLS)]
Argument = Annotated[str, StringConstraints(max_length=20_000, pattern=r"^[^\x00]*$")]
ProcessArgument = Annotated[
    str,
    StringConstraints(min_length=1, max_length=20_000, pattern=r"^[^\x00]*$"),
    AfterValidator(_process_argument),
]
ModelFolder = Annotated[str, StringConstraints(max_length=200, pattern=_MODEL_FOLDER)]
ModelFileName = Annotated[str, StringConstraints(max_length=255, pattern=_FILE)]
ModelId = Annotated[str, StringConstraints(max_length=120, pattern=_MODEL_ID)]
Image = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=_IMAGE)]
ContainerName = Annotated[str, StringConstraints(pattern=_CONTAINER)]
ContainerUser = Annotated[str, StringConstraints(max_length=64, pattern=_USER)]
CredentialUser = Annotated[str, StringConstraints(max_length=64, pattern=_CREDENTIAL_USER)]
InnerPath = Annotated[str, StringConstraints(max_length=255, pattern=_INNER_PATH)]
UrlPath = Annotated[str, StringConstraints(max_length=500, pattern=_PATH)]
Address = Annotated[str, StringConstraints(max_length=500), AfterValidator(check_address)]
ServerAddress = Annotated[str, StringConstraints(max_length=500), AfterValidator(_server_address)]
GPUId = Annotated[str, StringConstraints(pattern=_GPU)]
BuildContext = Annotated[
    str, StringConstraints(max_length=255, pattern=_CONTEXT), AfterValidator(_place_below)
]
Sha256 = Annotated[str, StringConstraints(pattern=_SHA256)]
Repository = Annotated[str, StringConstraints(max_length=200, pattern=_REPOSITORY)]
RepositoryPath = Annotated[str, StringConstraints(max_length=500, pattern=_REPOSITORY_PATH)]
Revision = Annotated[str, StringConstraints(max_length=200, pattern=_REVISION)]
Indicator = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=_NO_CONTROLS),
    AfterValidator(_indicator),
]
Status = Annotated[int, AfterValidator(_status), Field(ge=100, le=599)]
Port = Annotated[int, Field(ge=1, le=65_535)]
DoorPort = Annotated[int, Field(ge=1024, le=65_535)]
"""Ports below 1024 belong to the system."""
