"""What fits on a host, what fits together, and what a class would wait."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.lab.gpu_memory import HEADROOM_MIB, Device, Hold, User
from coursia_genai_lab.lab.gpu_placement import Wish
from coursia_genai_lab.lab.plan import Candidate, Host, plan, wait
from coursia_genai_lab.lab.plan_sets import Room, Wanted, find_sets
from coursia_genai_lab.wire.plan import PlannedService
from coursia_genai_lab.wire.problems import Problem

GIB = 1024


def service(
    name: str, vram_gib: int | None = None, *, memory_gib: int = 1, **gpu: Any
) -> ServiceSpec:
    table = {} if vram_gib is None else {"gpu": {"vram_mib": vram_gib * GIB, **gpu}}
    return ServiceSpec.model_validate(
        {
            "name": name,
            "title": name.title(),
            "dialect": "comfyui",
            "container": {"image": "x:1", "port": 1, "memory_mib": memory_gib * GIB},
            **table,
        }
    )


def card(index: int, total_gib: int = 24, used_gib: int = 0, **more: Any) -> Device:
    users = (User("train.py", used_gib * GIB, pid=7),) if used_gib else ()
    return Device(
        f"GPU-{index}", index, total_mib=total_gib * GIB, used_mib=used_gib * GIB, users=users,
        **more,
    )  # fmt: skip


def fit(spec: ServiceSpec, host: Host, **more: Any) -> PlannedService:
    (planned,) = plan([Candidate(spec, **more)], host, people=1).services
    return planned


def sets(host: Host, *specs: ServiceSpec) -> tuple[list[list[str]], list[list[str]]]:
    view = plan([Candidate(spec) for spec in specs], host, people=1)
    return view.together, view.apart


def test_a_service_that_wants_no_gpu_needs_none() -> None:
    assert fit(service("demo"), Host()).fit == "needs_no_gpu"


def test_a_service_fits_and_says_on_which_gpu() -> None:
    planned = fit(service("flux", 20), Host((card(0, 16), card(1, 24))))
    assert (planned.fit, planned.gpus, planned.vram_mib) == ("fits", ["GPU-1"], 20 * GIB)


def test_a_gpu_that_is_full_now_fits_once_it_is_freed() -> None:
    host = Host((card(0, 24, used_gib=20),))
    view = plan([Candidate(service("flux", 16))], host, people=1)
    assert view.services[0].fit == "after_freeing"
    assert view.services[0].gpus == ["GPU-0"]
    # A plan is for the class: what strangers hold now is told, and does not count.
    assert view.together == [["flux"]]
    (note,) = view.notes
    assert (note.code, "train.py" in note.message) == ("plan_foreign", True)


def test_what_runs_fits_where_it_runs() -> None:
    hold = Hold("flux", "flux", ("GPU-1",), 20 * GIB)
    host = Host((card(0), card(1, 24)), holds=(hold,))
    assert fit(service("flux", 20), host).gpus == ["GPU-1"]
    assert fit(service("sd", 20), host).gpus == ["GPU-0"]


def test_a_service_that_is_larger_than_every_gpu_never_fits_and_says_why() -> None:
    planned = fit(service("flux", 40), Host((card(0), card(1))))
    assert planned.fit == "never"
    assert planned.problem is not None
    assert planned.problem.code == "gpu_too_small"
    assert str(24 * GIB) in planned.problem.message


def test_without_a_gpu_nothing_that_wants_one_fits() -> None:
    planned = fit(service("flux", 1), Host())
    assert planned.fit == "never"
    assert planned.problem is not None
    assert planned.problem.code == "no_gpu"


def test_where_nobody_can_tell_nothing_is_claimed() -> None:
    view = plan([Candidate(service("flux", 1)), Candidate(service("demo"))], Host(None), people=1)
    assert [one.fit for one in view.services] == ["unknown", "needs_no_gpu"]
    assert view.together == [["demo"]]
    assert view.apart == []


def test_a_lost_gpu_is_told_and_takes_nothing() -> None:
    host = Host((card(0, lost=True), card(1, 8)))
    view = plan([Candidate(service("flux", 20))], host, people=1)
    assert view.services[0].fit == "never"
    assert [note.code for note in view.notes] == ["gpu_lost"]


def test_a_server_of_somebody_else_takes_no_gpu_of_ours() -> None:
    assert fit(service("flux", 90), Host((card(0),)), elsewhere=True).fit == "needs_no_gpu"


def test_what_is_told_of_a_service_that_never_fits_is_what_nothing_mends() -> None:
    host, big = Host((card(0),)), service("flux", 40)

    def told(spec: ServiceSpec, code: str) -> str | None:
        problem = Problem(code=code, message="It is so.", remedy="Change it.")
        shown = fit(spec, host, problem=problem).problem
        return shown.code if shown else None

    assert told(service("flux", 8), "docker_absent") == "docker_absent"
    assert told(big, "docker_absent") == "gpu_too_small"
    assert told(big, "models_missing") == "gpu_too_small"


def test_where_no_gpu_is_none_is_asked_for_by_its_id() -> None:
    shown = fit(service("flux", 8, ids=["0"]), Host()).problem
    assert shown is not None
    assert shown.code == "no_gpu"


def test_two_that_share_a_gpu_run_together_and_two_that_fill_it_take_turns() -> None:
    host = Host((card(0, 24),))
    small, small2, big = service("a", 10), service("b", 10), service("c", 20)
    assert sets(host, small, small2, big) == ([["c"], ["a", "b"]], [["a", "c"], ["b", "c"]])


def test_services_that_choose_make_room_for_one_that_cannot() -> None:
    host = Host((card(0), card(1)))
    anywhere, fixed = service("a", 20), service("b", 20, ids=["0"])
    assert sets(host, anywhere, fixed) == ([["a", "b"]], [])


def test_an_exclusive_gpu_is_shared_with_nobody() -> None:
    host = Host((card(0, 80),))
    assert sets(host, service("a", 4, exclusive=True), service("b", 4))[1] == [["a", "b"]]


def test_no_more_run_than_the_operator_allows() -> None:
    host = Host(most=2)
    together, apart = sets(host, service("a"), service("b"), service("c"))
    assert together == [["a", "b"], ["a", "c"], ["b", "c"]]
    assert apart == []


def test_services_that_share_too_little_memory_are_told_apart_with_a_note() -> None:
    host = Host(memory_mib=64 * GIB)
    specs = [service("a", memory_gib=40), service("b", memory_gib=40)]
    view = plan([Candidate(spec) for spec in specs], host, people=1)
    assert view.together == [["a"], ["b"]]
    assert view.apart == [["a", "b"]]
    assert [note.code for note in view.notes] == ["plan_memory"]


def test_a_service_alone_may_want_more_memory_than_there_is_and_is_noted() -> None:
    view = plan([Candidate(service("a", memory_gib=99))], Host(memory_mib=GIB), people=1)
    assert view.together == [["a"]]
    assert [note.code for note in view.notes] == ["plan_memory"]


def test_what_is_too_large_alone_is_noted_once_and_not_beside_each_other() -> None:
    sizes = {"a": 99, "b": 2, "c": 2, "d": 50}
    specs = [service(name, memory_gib=size) for name, size in sizes.items()]
    view = plan([Candidate(spec) for spec in specs], Host(memory_mib=8 * GIB), people=1)
    assert view.apart == [["a", "b"], ["a", "c"], ["a", "d"], ["b", "d"], ["c", "d"]]
    (note,) = view.notes
    assert note.message == (
        "More than the 8 GiB of memory of this machine may be taken by each of these alone: "
        "A 99 GiB, D 50 GiB."
    )


def test_a_class_waits_for_the_start_and_for_those_before() -> None:
    one = wait(Candidate(service("flux"), starts_in=60, seconds_per_image=10, images=5), 25)
    assert (one.median_seconds, one.last_seconds) == (60 + 130, 60 + 250)
    assert (one.seconds_per_image, one.images, one.people) == (10, 5, 25)


def test_nothing_is_made_up_where_nothing_is_known() -> None:
    blank = wait(Candidate(service("flux")), 25)
    assert (blank.seconds_per_image, blank.images) == (None, 0)
    assert (blank.start_seconds, blank.median_seconds, blank.last_seconds) == (None, None, None)
    unstarted = wait(Candidate(service("flux"), seconds_per_image=3, images=1), 25)
    assert (unstarted.seconds_per_image, unstarted.last_seconds) == (3, None)


def test_what_never_fits_makes_nobody_wait() -> None:
    specs = [service("big", 99), service("demo")]
    view = plan([Candidate(spec) for spec in specs], Host((card(0),)), people=5)
    assert [one.service for one in view.waits] == ["demo"]


def test_a_large_host_is_planned_within_the_bound() -> None:
    cards = tuple(card(n, 24) for n in range(8))
    specs = [service(f"s{n}", 9 + n % 5) for n in range(14)]
    view = plan([Candidate(spec) for spec in specs], Host(cards, most=6), people=30)
    assert view.together
    assert all(len(one) <= 6 for one in view.together)


WANTED = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(1, 30)),
        st.sampled_from([(), (), ("0",), ("1",)]),
        st.booleans(),
        st.integers(1, 2),
    ),
    min_size=1,
    max_size=4,
)


@given(WANTED, st.lists(st.sampled_from([8, 16, 24]), min_size=0, max_size=3), st.integers(1, 4))
def test_the_sets_are_exactly_those_for_which_some_placing_exists(
    wanted: list[tuple[int | None, tuple[str, ...], bool, int]], cards: list[int], most: int
) -> None:
    devices = tuple(card(index, size) for index, size in enumerate(cards))
    services = {}
    for number, (mib, ids, exclusive, how_many) in enumerate(wanted):
        name = f"s{number}"
        wish = None if mib is None else Wish(name, mib * GIB, ids, how_many, exclusive)
        services[name] = Wanted(name, wish)
    found = find_sets(list(services.values()), Room(devices, most=most))
    assert not found.cut

    def possible(names: tuple[str, ...]) -> bool:
        wishes = [one for name in names if (one := services[name].wish) is not None]
        choices = []
        for wish in wishes:
            if wish.ids:
                here = [one for one in devices if str(one.index) in wish.ids]
                choices.append([here] if len(here) == len(wish.ids) else [])
            else:
                choices.append([list(one) for one in itertools.combinations(devices, wish.count)])
        return any(_holds(devices, wishes, placing) for placing in itertools.product(*choices))

    every = [
        names
        for size in range(1, most + 1)
        for names in itertools.combinations(services, size)
        if possible(names)
    ]
    largest = [list(one) for one in every if not any(set(one) < set(two) for two in every)]
    assert sorted(found.together) == sorted(largest)
    alone = [names[0] for names in every if len(names) == 1]
    pairs = [list(pair) for pair in itertools.combinations(alone, 2) if pair not in every]
    assert sorted(found.apart) == sorted(pairs)


def _holds(devices: tuple[Device, ...], wishes: list[Wish], placing: Any) -> bool:
    for device in devices:
        here = [w for w, chosen in zip(wishes, placing, strict=True) if device in chosen]
        if len(here) > 1 and any(wish.exclusive for wish in here):
            return False
        spare = HEADROOM_MIB if len(here) > 1 else 0
        if here and sum(wish.mib for wish in here) + spare > (device.total_mib or 0):
            return False
    return True
