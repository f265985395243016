"""Who people are: as a hub, the operator's traits, the class's policy and the login say."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from coursia_genai_lab.lab.people import Identity, People
from coursia_genai_lab.lab.rules import Rules
from coursia_genai_lab.launch.person import (
    HUB_ADMIN,
    HUB_TEACHER,
    Callers,
    identity_of,
    people_of_server,
    unix_user,
)
from coursia_genai_lab.wire.services import Role


class ForeignProvider:
    """An identity provider that somebody installed."""


def request(name: str = "", provider: Any = None, **hub: Any) -> Any:
    user = (
        SimpleNamespace(hub_user={"name": name, **hub}) if hub else SimpleNamespace(username=name)
    )
    return SimpleNamespace(current_user=user, identity_provider=provider or ForeignProvider())


def own_login() -> Any:
    from jupyter_server.auth.identity import PasswordIdentityProvider

    return PasswordIdentityProvider()


def test_alone_on_ones_own_machine_one_is_its_admin_and_strangers_are_not() -> None:
    people = people_of_server({}, own_login())
    assert people.role(unix_user()) == "admin"
    assert people.role("anyone on this machine") == "student"


def test_whose_server_it_is_on_a_hub_is_a_student() -> None:
    people = people_of_server({"JUPYTERHUB_USER": "ada"}, own_login())
    assert (people.owner, people.role("ada"), people.role(unix_user())) == (
        "ada",
        "student",
        "student",
    )


@pytest.mark.parametrize(
    ("hub", "role"),
    [
        ({"admin": True}, "admin"),
        ({"admin": "yes"}, "student"),
        ({"scopes": [HUB_ADMIN]}, "admin"),
        ({"scopes": [HUB_TEACHER, "access:servers"]}, "teacher"),
        ({"scopes": f"{HUB_TEACHER}"}, "student"),
        ({"groups": ["staff"]}, "teacher"),
        ({"groups": ["ops"]}, "admin"),
        ({"groups": [["staff"], None]}, "student"),
        ({"kind": "user"}, "student"),
    ],
)
def test_a_hub_says_roles_by_admin_scope_and_group(hub: dict[str, Any], role: Role) -> None:
    people = People("ada", alone=False, teachers=["@staff"], admins=["@ops"])
    name = Callers(people)(request("eve", **hub))
    assert (name, people.role("eve")) == ("eve", role)


def test_what_a_hub_says_is_remembered_for_the_doors_until_it_says_otherwise() -> None:
    people = People("ada", alone=False)
    callers = Callers(people)
    callers(request("eve", scopes=[HUB_TEACHER], groups=["a"]))
    assert people.role("eve") == "teacher"
    assert people.groups("eve") == {"a"}
    callers(request("eve", scopes=[], groups=[]))
    assert people.role("eve") == "student"
    assert not people.groups("eve")


def test_the_class_names_teachers_and_groups_but_no_admins() -> None:
    people = People("ada", alone=False, admins=["@ops"])
    people.take(
        Rules(
            teachers=frozenset({"tea", "@tutors"}),
            groups={"tutors": frozenset({"cyd"}), "ops": frozenset({"bob"})},
        )
    )
    assert [people.role(name) for name in ("tea", "cyd", "bob")] == [
        "teacher",
        "teacher",
        "student",
    ]
    assert people.groups("bob") == {"ops"}


def test_a_name_from_elsewhere_that_is_the_server_users_own_gives_no_right() -> None:
    people = People("jovyan")
    people.meet(Identity("jovyan", named=True))
    assert people.role("jovyan") == "student"


def test_names_of_jupyters_own_login_count_only_where_they_are_trusted() -> None:
    handler = request("Anonymous Io", own_login())
    assert identity_of(handler) == Identity(unix_user())
    assert identity_of(handler, trust_usernames=True) == Identity("Anonymous Io", True)
    people = people_of_server({}, own_login(), trust_usernames=True)
    assert people.role(Callers(people, trust_usernames=True)(handler)) == "student"


def test_names_of_a_provider_that_was_installed_are_trusted() -> None:
    people = people_of_server({}, ForeignProvider(), teachers=("tea",))
    callers = Callers(people)
    assert [people.role(callers(request(name))) for name in ("tea", "bob")] == [
        "teacher",
        "student",
    ]


def test_a_kernel_that_starts_without_a_request_is_its_owners() -> None:
    assert Callers(people_of_server({"JUPYTERHUB_USER": "ada"}, None))(None) == "ada"
    assert Callers(People())(None) == unix_user()
