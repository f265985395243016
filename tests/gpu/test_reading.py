"""What our reading code makes of what a driver says; the driver is simulated, the code is real."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pynvml
import pytest
from simulated_gpus import SimulatedGPUs, fake_pynvml

from coursia_genai_lab.gpu.reader import COMMAND
from coursia_genai_lab.gpu.reading import Reading, from_json, to_json

READING_CALLS = [
    name
    for name, value in vars(fake_pynvml()).items()
    if name.startswith("nvmlDevice") and inspect.isfunction(value)
]
OPTIONAL_CALLS = [
    name
    for name in READING_CALLS
    if name not in {"nvmlDeviceGetCount", "nvmlDeviceGetHandleByIndex", "nvmlDeviceGetUUID"}
]


@pytest.fixture
def gpus(tmp_path: Path) -> SimulatedGPUs:
    return SimulatedGPUs(tmp_path)


def code(reading: Reading) -> str | None:
    return reading.fault.code if reading.fault else None


def test_a_gpu_is_told_with_its_memory_heat_power_and_work(gpus: SimulatedGPUs) -> None:
    card = gpus.add(total_mib=24_000, busy_percent=70, temperature_celsius=61, power_watts=250.5)
    gpus.use(card, 9_000, pid=1)
    (device,) = gpus.reading().devices
    assert (device.uuid, device.index, device.name) == (card, 0, "NVIDIA GeForce RTX 4090")
    assert (device.total_mib, device.used_mib, device.reserved_mib) == (24_000, 9_000, 300)
    assert device.free_mib == 24_000 - 9_000 - 300
    assert (device.busy_percent, device.temperature_celsius) == (70, 61)
    assert (device.power_watts, device.power_limit_watts) == (250.5, 350)
    assert device.takes_work


def test_driver_and_cuda_are_told_in_the_usual_form(gpus: SimulatedGPUs) -> None:
    gpus.add()
    assert (gpus.reading().driver, gpus.reading().cuda) == ("550.54.15", "12.4")


def test_an_old_driver_counts_what_it_reserves_as_used(gpus: SimulatedGPUs) -> None:
    card = gpus.add(total_mib=24_000, old_memory=True)
    gpus.use(card, 1_000, pid=1)
    (device,) = gpus.reading().devices
    assert (device.used_mib, device.reserved_mib) == (1_300, None)
    assert device.free_mib == 22_700


@pytest.mark.parametrize("error", ["not_supported", "no_permission", "uninitialized", "unknown"])
@pytest.mark.parametrize("call", OPTIONAL_CALLS)
def test_one_call_that_fails_spoils_nothing_else(
    gpus: SimulatedGPUs, call: str, error: str
) -> None:
    first, second = gpus.add(), gpus.add()
    gpus.split(second, 10_000)
    whole = gpus.reading()
    gpus.call_fails(call, error)
    found = gpus.reading()
    assert found.readable
    assert found.driver == whole.driver
    assert [device.uuid for device in found.devices][:2] == [first, second]
    # What it brought is unknown now, and nothing but that.
    changed = {
        field
        for before, after in zip(whole.devices, found.devices, strict=False)
        for field in vars(before)
        if getattr(before, field) != getattr(after, field)
    }
    assert changed <= {
        "nvmlDeviceGetName": {"name"},
        "nvmlDeviceGetMigMode": {"mig", "uuid", "parent", "index"},
        "nvmlDeviceGetMemoryInfo": {"total_mib", "used_mib", "free_mib", "reserved_mib"},
        "nvmlDeviceGetUtilizationRates": {"busy_percent"},
        "nvmlDeviceGetTemperature": {"temperature_celsius"},
        "nvmlDeviceGetPowerUsage": {"power_watts"},
        "nvmlDeviceGetEnforcedPowerLimit": {"power_limit_watts"},
        "nvmlDeviceGetComputeRunningProcesses": {"processes", "processes_known"},
    }.get(call, set())
    if call != "nvmlDeviceGetMigMode":
        assert found.devices[0].name in (whole.devices[0].name, "GPU")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("library_not_found", "no_driver"),
        ("driver_not_loaded", "driver_not_loaded"),
        ("lib_rm_version_mismatch", "driver_mismatch"),
        ("no_permission", "no_permission"),
        ("unknown", "driver_failed"),
    ],
)
def test_a_driver_that_does_not_open_says_why(gpus: SimulatedGPUs, said: str, told: str) -> None:
    gpus.add()
    gpus.driver_says(said)
    found = gpus.reading()
    assert code(found) == told
    assert not found.readable
    assert found.devices == ()
    gpus.driver_says(None)
    assert gpus.reading().readable


def test_a_driver_without_a_gpu_is_no_reading_of_gpus(gpus: SimulatedGPUs) -> None:
    found = gpus.reading()
    assert code(found) == "no_gpu"
    assert not found.readable


def test_a_lost_gpu_spoils_no_other(gpus: SimulatedGPUs) -> None:
    first, second = gpus.add(), gpus.add()
    gpus.lose(first)
    found = gpus.reading()
    assert code(found) == "gpu_lost"
    assert found.readable
    states = [(device.uuid, device.state) for device in found.devices]
    assert states == [(first, "lost"), (second, "ok")]
    assert not found.devices[0].takes_work


def test_gpus_that_are_closed_to_us_are_not_lost(gpus: SimulatedGPUs) -> None:
    # A batch system gives a job some of the GPUs and forbids the others.
    closed, ours = gpus.add(), gpus.add()
    gpus.call_fails("nvmlDeviceGetUUID", "no_permission", gpu=closed)
    found = gpus.reading()
    assert [device.uuid for device in found.devices] == [ours]
    assert found.fault is None


def test_a_gpu_in_mig_mode_is_shown_with_instances_and_takes_no_work_itself(
    gpus: SimulatedGPUs,
) -> None:
    card = gpus.add("A100", 80_000)
    small, large = gpus.split(card, 20_000, 40_000)
    gpus.use(large, 5_000, pid=1)
    whole, first, second = gpus.reading().devices
    assert (whole.mig, whole.parent, whole.takes_work) == ("on", None, False)
    assert (first.uuid, first.parent, first.total_mib) == (small, card, 20_000)
    assert (second.uuid, second.parent, second.used_mib) == (large, card, 5_000)
    assert first.takes_work
    # Nobody tells these of a part.
    assert first.busy_percent is first.temperature_celsius is first.power_watts is None
    assert [process.pid for process in second.processes] == [1]


def test_a_hidden_mig_mode_is_unknown_and_none_is_off(gpus: SimulatedGPUs) -> None:
    gpus.add()
    assert gpus.reading().devices[0].mig == "off"
    gpus.call_fails("nvmlDeviceGetMigMode", "no_permission")
    assert gpus.reading().devices[0].mig == "unknown"


def test_who_computes_and_draws_is_one_process(gpus: SimulatedGPUs) -> None:
    card = gpus.add()
    gpus.use(card, 900, pid=1, kind="graphics")
    gpus.use(card, 2_000, pid=2)
    gpus.use(card, 700, pid=3, amount_hidden=True)
    (device,) = gpus.reading().devices
    held = [(process.pid, process.used_mib) for process in device.processes]
    assert held == [(1, 900), (2, 2_000), (3, None)]


def test_a_driver_that_hides_its_users_is_not_one_without_users(gpus: SimulatedGPUs) -> None:
    card = gpus.add()
    gpus.use(card, 2_000, pid=2)
    gpus.call_fails("nvmlDeviceGetComputeRunningProcesses", "no_permission")
    (device,) = gpus.reading().devices
    assert device.processes == ()
    assert not device.processes_known


def test_a_reading_crosses_a_pipe_unchanged(gpus: SimulatedGPUs) -> None:
    card = gpus.add()
    gpus.use(card, 100, pid=1)
    gpus.split(gpus.add(), 10_000)
    gpus.lose(gpus.add())
    found = gpus.reading()
    assert from_json(to_json(found)) == found


@pytest.mark.parametrize("line", ["", "null", "[]", "{}", '{"devices": 1}', "not json", "\x00"])
def test_what_is_no_reading_is_refused(line: str) -> None:
    with pytest.raises(ValueError):
        from_json(line)


def test_devices_are_found_by_uuid_and_gpus_by_number(gpus: SimulatedGPUs) -> None:
    gpus.add()
    card = gpus.add()
    (part,) = gpus.split(card, 10_000)
    found = gpus.reading()
    assert found.device("1") == found.device(card)
    assert found.device(part) is not None
    assert found.device("2") is None


def test_memory_is_back_when_the_driver_says_so_and_leaks_stay(gpus: SimulatedGPUs) -> None:
    gpus.set_time(1_000.0)
    card = gpus.add()
    gpus.use(card, 9_000, pid=1)
    gpus.give_back(card, pid=1, after=2.0, leak_mib=500)
    (device,) = gpus.reading().devices
    assert (device.used_mib, device.processes) == (9_000, ())
    gpus.set_time(1_002.0)
    assert gpus.used_mib(card) == 500


@pytest.mark.parametrize("name", [name for name in vars(fake_pynvml()) if name.startswith("nvml")])
def test_the_simulated_driver_is_asked_like_the_real_one(name: str) -> None:
    real, fake = getattr(pynvml, name), getattr(fake_pynvml(), name)
    if callable(fake):
        wrapped = inspect.unwrap(real)
        assert list(inspect.signature(wrapped).parameters) == list(
            inspect.signature(fake).parameters
        )
    else:
        assert real == fake


@pytest.mark.parametrize("name", [name for name in vars(fake_pynvml()) if name.startswith("NVML_")])
def test_the_simulated_driver_has_the_numbers_of_the_real_one(name: str) -> None:
    assert getattr(pynvml, name) == getattr(fake_pynvml(), name)


def test_the_real_reader_answers_each_line_on_any_machine(tmp_path: Path) -> None:
    # Without a driver it says so; with one it reads what is there.
    done = subprocess.run(COMMAND, input=b"\n\n", capture_output=True, timeout=60, check=True)
    first, second = map(from_json, done.stdout.splitlines())
    assert first.readable or code(first) is not None
    assert code(first) == code(second)


def test_neither_a_course_folder_nor_a_variable_decides_what_the_reader_loads(
    tmp_path: Path,
) -> None:
    marker = tmp_path / "loaded"
    for name in ("json", "pynvml", "signal", "coursia_genai_lab"):
        (tmp_path / f"{name}.py").write_text(f"open({str(marker)!r}, 'w')")
    subprocess.run(
        COMMAND,
        input=b"\n",
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "PYTHONSTARTUP": str(tmp_path / "json.py")},
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert not marker.exists()


def test_what_a_library_prints_does_not_stand_among_the_answers(tmp_path: Path) -> None:
    program = (
        "import pynvml\n"
        "real = pynvml.nvmlInit\n"
        "def loud():\n"
        "    print('a library says hello', flush=True)\n"
        "    real()\n"
        "pynvml.nvmlInit = loud\n"
        "from coursia_genai_lab.gpu import child\n"
        "child.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=b"\n", capture_output=True, timeout=60, check=True
    )
    assert from_json(done.stdout).at is not None
    assert b"a library says hello" in done.stderr
