"""What stands on the road to a running service, in which order, and what mends it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from simulated_gpus import SimulatedGPUs

from coursia_genai_lab.catalog.load import Catalog
from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.cli import road
from coursia_genai_lab.cli.offline import Outlook
from coursia_genai_lab.cli.record import record
from coursia_genai_lab.cli.secret_findings import secret_findings
from coursia_genai_lab.cli.setup import add_model_root
from coursia_genai_lab.config import LabSettings
from coursia_genai_lab.errors import ConfigurationError
from coursia_genai_lab.gpu.reading import Reading
from coursia_genai_lab.wire.problems import Problem
from coursia_genai_lab.wire.services import ServiceState, ServiceView

Genai = Callable[..., Any]


@pytest.fixture
def configured(tmp_path: Path) -> Callable[..., None]:
    """Write traits of GenAILab into the configuration that the command reads."""

    def write(**traits: Any) -> None:
        folder = tmp_path / "config"
        folder.mkdir(exist_ok=True)
        file = folder / "jupyter_server_config.json"
        file.write_text(json.dumps({"GenAILab": traits}), encoding="utf-8")

    return write


def service(name: str, vram_mib: int | None = None) -> ServiceSpec:
    gpu = {} if vram_mib is None else {"gpu": {"vram_mib": vram_mib}}
    return ServiceSpec.model_validate(
        {
            "name": name,
            "title": name.title(),
            "dialect": "comfyui",
            "container": {"image": f"{name}:1", "port": 1},
            **gpu,
        }
    )


def problem(code: str, command: str | None = "mend it") -> Problem:
    return Problem(code=code, message="It is so.", remedy="Change it.", command=command)


def outlook(
    problems: Mapping[str, Problem | None], *, settings: LabSettings | None = None, **vram: int
) -> Outlook:
    specs = {name: service(name, vram.get(name)) for name in problems}
    return Outlook(Catalog(specs), dict(problems), {}, settings or LabSettings())


def view(name: str, state: ServiceState) -> ServiceView:
    return ServiceView(name=name, title=name, dialect="comfyui", kind="local", state=state, since=0)


NO_GPUS = Reading(at=1.0)


def aim(found: Outlook, reading: Reading = NO_GPUS, **states: ServiceState) -> str | None:
    running = {name: view(name, state) for name, state in states.items()}
    spec = road.find_road(found, reading, running).aim
    return None if spec is None else spec.name


# -- where the road leads --------------------------------------------------------------------------


def test_the_road_leads_to_the_service_that_needs_fewest_steps() -> None:
    image, models = problem("image_missing"), problem("models_missing")
    assert aim(outlook({"a": image, "b": models, "c": image})) == "b"
    assert aim(outlook({"a": image, "b": models, "c": None})) == "c"
    assert aim(outlook({"a": image, "b": models, "c": None}), a="ready") == "a"


def test_a_service_that_fits_on_no_gpu_here_is_on_no_road(tmp_path: Path) -> None:
    gpus = SimulatedGPUs(tmp_path)
    gpus.add("RTX 3060", 12_288)
    found = outlook({"big": None, "small": problem("image_missing")}, big=20_000, small=8_000)
    assert aim(found, gpus.reading()) == "small"
    assert aim(found, NO_GPUS) is None
    assert road.find_road(found, NO_GPUS, {}).wanted is False


def test_an_image_that_no_command_brings_is_on_no_road() -> None:
    assert aim(outlook({"a": problem("image_missing", None), "b": problem("image_missing")})) == "b"


def test_an_engine_that_is_away_is_wanted_where_something_could_run() -> None:
    found = road.find_road(outlook({"a": problem("docker_absent")}), NO_GPUS, {})
    assert (found.aim, found.wanted) == (None, True)


def test_only_the_service_on_the_road_is_a_step() -> None:
    found = outlook({"a": problem("image_missing"), "b": problem("models_missing"), "c": None})
    way = road.Road(found.catalog["b"], found.problems["b"], wanted=True)
    told = {one.name: one for one in road.services(found, way)}
    assert [name for name, one in told.items() if one.on_road] == ["models b"]
    assert (told["image a"].command, told["image c"].state) == ("mend it", "ok")


# -- the end of the road ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "told", "step"),
    [("ready", "ok", False), ("starting", "ok", False), ("stopped", "note", True)],
)
def test_the_last_step_is_to_start_it(state: ServiceState, told: str, step: bool) -> None:
    found = outlook({"a": None})
    finding = road.start(road.Road(found.catalog["a"]), {"a": view("a", state)})
    assert finding is not None
    assert (finding.state, finding.on_road) == (told, step)
    assert finding.command == ("coursia-genai start a" if step else None)


def test_a_lab_that_does_not_know_the_service_yet_is_to_be_started_anew() -> None:
    found = outlook({"a": None})
    finding = road.start(road.Road(found.catalog["a"]), {})
    assert finding is not None
    assert "Start JupyterLab again" in finding.remedy
    assert road.start(road.Road(found.catalog["a"]), None) is None


# -- the things on the road ------------------------------------------------------------------------


def test_without_a_folder_for_models_one_command_makes_it() -> None:
    spec = service("a")
    way = road.Road(spec, problem("models_missing"))
    (finding,) = road.model_roots(LabSettings(), way, ["a"])
    assert finding.on_road
    assert (finding.command or "").startswith("coursia-genai setup --models /")
    assert road.model_roots(LabSettings(), way, []) == []


def test_a_folder_for_models_that_is_not_there_is_told(tmp_path: Path) -> None:
    settings = LabSettings(model_roots=(str(tmp_path), str(tmp_path / "not there")))
    here, absent = road.model_roots(settings, road.Road(), ["a"])
    assert here.state == "ok"
    assert (absent.state, absent.command) == ("note", f"mkdir -p '{tmp_path / 'not there'}'")


def test_an_engine_without_the_toolkit_is_told_where_there_is_a_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpus = SimulatedGPUs(tmp_path)
    gpus.add("RTX 3060", 12_288)
    reading = gpus.reading()
    assert road.toolkit({}, NO_GPUS) is None
    assert road.toolkit(None, reading) is None
    for info in ({"Runtimes": {"nvidia": {}}}, {"DiscoveredDevices": [{"ID": "nvidia.com/gpu=0"}]}):
        finding = road.toolkit(info, reading)
        assert finding is not None
        assert finding.state == "ok"
    monkeypatch.setenv("PATH", str(tmp_path))
    finding = road.toolkit({"Runtimes": {"runc": {}}}, reading)
    assert finding is not None
    assert (finding.state, finding.on_road) == ("note", True)


def test_the_record_is_told_where_it_is_kept_and_why_not(tmp_path: Path) -> None:
    assert record(LabSettings(store_url=f"sqlite:///{tmp_path}/new/store.sqlite3")).state == "ok"
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    closed = record(LabSettings(store_url=f"sqlite:///{tmp_path}/file/store.sqlite3"))
    assert (closed.state, closed.command) == ("note", f"ls -ld {tmp_path / 'file'}")
    damaged = tmp_path / "store.sqlite3"
    damaged.write_bytes(b"no database" * 500)
    assert record(LabSettings(store_url=f"sqlite:///{damaged}")).state == "note"
    secret = tmp_path / "url"
    secret.write_text("postgresql://user:very-secret@127.0.0.1:1/none", encoding="utf-8")
    secret.chmod(0o644)
    exposed = record(LabSettings(store_url=str(secret)))
    assert (exposed.state, exposed.command) == ("note", f"chmod 600 {secret}")
    secret.chmod(0o600)
    away = record(LabSettings(store_url=str(secret)))
    assert (away.state, "very-secret" in str(away)) == ("note", False)


# -- setup -----------------------------------------------------------------------------------------


def test_setup_adds_a_model_folder_and_leaves_everything_else(tmp_path: Path) -> None:
    file = tmp_path / "config" / "jupyter_server_config.json"
    file.parent.mkdir()
    before = {"ServerApp": {"port": 9999}, "GenAILab": {"mode": "local", "model_roots": ["/srv"]}}
    file.write_text(json.dumps(before), encoding="utf-8")
    file.chmod(0o640)
    for _ in range(2):
        assert add_model_root(file, tmp_path / "m") == ["/srv", str(tmp_path / "m")]
    after = json.loads(file.read_text(encoding="utf-8"))
    assert after.pop("GenAILab") == {"mode": "local", "model_roots": ["/srv", str(tmp_path / "m")]}
    assert after == {"ServerApp": {"port": 9999}}
    assert file.stat().st_mode & 0o777 == 0o640
    assert [one.name for one in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize(
    "text", ["{half", "[]", '{"GenAILab": []}', '{"GenAILab": {"model_roots": "/srv"}}']
)
def test_setup_changes_no_file_that_it_does_not_understand(tmp_path: Path, text: str) -> None:
    file = tmp_path / "jupyter_server_config.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as refusal:
        add_model_root(file, tmp_path / "m")
    assert refusal.value.error_code == "setting_wrong"
    assert file.read_text(encoding="utf-8") == text


def test_setup_makes_the_folder_and_the_next_command_knows_it(
    genai_here: Genai, tmp_path: Path
) -> None:
    folder = tmp_path / "new" / "models"
    done = genai_here("setup", "--models", str(folder), "--json")
    assert (done.status, done.json["model_roots"]) == (0, [str(folder)])
    report = genai_here("doctor", "--json").json
    (found,) = [one for one in report["findings"] if one["name"] == "model folder"]
    assert (found["state"], str(folder) in found["sentence"]) == ("ok", True)


def test_setup_keeps_the_folders_that_another_file_names(genai_here: Genai, tmp_path: Path) -> None:
    site = tmp_path / "config" / "jupyter_server_config.py"
    site.parent.mkdir()
    site.write_text("c.GenAILab.model_roots = ['/srv/models']\n", encoding="utf-8")
    folder = tmp_path / "models"
    done = genai_here("setup", "--models", str(folder), "--json")
    assert (done.status, done.json["model_roots"]) == (0, ["/srv/models", str(folder)])


def test_setup_says_when_a_stronger_file_names_other_folders(
    genai_here: Genai, tmp_path: Path
) -> None:
    stronger = tmp_path / "config" / "jupyter_coursia_genai_lab_config.json"
    stronger.parent.mkdir()
    stronger.write_text('{"GenAILab": {"model_roots": ["/srv/models"]}}', encoding="utf-8")
    done = genai_here("setup", "--models", str(tmp_path / "models"), "--json")
    assert done.status == 1
    assert done.json["error"]["code"] == "setting_wrong"
    assert "another configuration file" in done.json["error"]["message"]


# -- the whole -------------------------------------------------------------------------------------


def test_findings_are_numbered_and_the_next_command_stands_at_the_end(genai_here: Genai) -> None:
    report = genai_here("doctor", "--json").json
    assert [one["step"] for one in report["findings"]] == list(
        range(1, len(report["findings"]) + 1)
    )
    named = {one["name"]: one for one in report["findings"]}
    assert named[report["next_step"]]["command"] == report["next_command"]
    words = genai_here("doctor").out.rstrip().splitlines()
    assert words[0].startswith(" 1. ")
    assert words[-1] == f"Next: {report['next_command']}"


def test_a_setting_that_cannot_be_stops_the_road_with_its_remedy(
    genai_here: Genai, configured: Callable[..., None]
) -> None:
    configured(max_concurrent="many")
    done = genai_here("doctor", "--json")
    assert done.status == 1
    (wrong,) = [one for one in done.json["findings"] if one["name"] == "settings"]
    assert (wrong["state"], done.json["next_step"]) == ("missing", "settings")
    assert "jupyter_server_config" in wrong["remedy"]


def test_a_service_file_that_is_wrong_is_told(
    genai_here: Genai, configured: Callable[..., None], tmp_path: Path
) -> None:
    folder = tmp_path / "services"
    folder.mkdir(mode=0o700)
    (folder / "broken.toml").write_text("title = ", encoding="utf-8")
    configured(services_path=str(folder))
    report = genai_here("doctor", "--json").json
    (wrong,) = [one for one in report["findings"] if one["name"] == "service file"]
    assert (wrong["state"], "broken.toml" in wrong["sentence"]) == ("note", True)


def test_the_files_of_secrets_are_looked_at_without_being_shown(tmp_path: Path) -> None:
    settings = LabSettings(secrets_path=str(tmp_path))
    assert secret_findings(LabSettings()) == []
    (none,) = secret_findings(settings)
    assert "coursia-genai secrets set" in none.remedy
    file = tmp_path / ".env.genai-extension"
    file.write_text("HF_TOKEN=not-to-be-shown\n")
    file.chmod(0o600)
    (found,) = secret_findings(settings)
    assert found.state == "ok"
    assert "HF_TOKEN" in found.sentence
    file.chmod(0o644)
    (wrong,) = secret_findings(settings)
    assert wrong.state == "note"
    assert "chmod 600" in wrong.remedy
    assert "not-to-be-shown" not in f"{found} {wrong}"
