"""What names, roles and passwords are accepted."""

from __future__ import annotations

import pytest

from hub.accounts.contract import MAX_NAME, MAX_PASSWORD, MIN_PASSWORD, name_key, read_name, read_password, read_role
from hub.accounts.passwords import ALPHABET, random_password
from hub.contract.errors import ContractError
from hub.http.local_path import local_path


@pytest.mark.parametrize(
    "value", [None, 5, "", "   ", "a\nb", "x" * (MAX_NAME + 1), "tab\there", "\u202egirl", ["ann"]]
)
def test_a_name_that_cannot_be_one(value: object) -> None:
    with pytest.raises(ContractError, match="^name is a text of 1 to 60 printable characters"):
        read_name(value)


def test_names_differ_neither_by_case_nor_by_the_composition_of_letters() -> None:
    assert read_name("  J\u00f6rg ") == "J\u00f6rg" == read_name("Jo\u0308rg")
    assert name_key("JO\u0308RG") == name_key("j\u00f6rg") and name_key("STRASSE") == name_key("stra\u00dfe")
    assert read_name("สมชาย") == "สมชาย"


@pytest.mark.parametrize("value", [None, 1, "", "a" * (MIN_PASSWORD - 1), "b" * (MAX_PASSWORD + 1), "\ud800" * 12])
def test_a_password_that_is_too_short_too_long_or_no_text(value: object) -> None:
    with pytest.raises(ContractError, match="A password has 10 to 200 characters"):
        read_password(value, "ann")


@pytest.mark.parametrize("value", ["Administrator", "aaaaaaaaaaaa", "1212121212"])
def test_a_password_that_is_easy_to_guess(value: str) -> None:
    with pytest.raises(ContractError, match="too easy"):
        read_password(value, "administrator")


def test_a_role_is_one_of_three() -> None:
    assert [read_role(name).value for name in ("viewer", "operator", "admin")] == ["viewer", "operator", "admin"]
    for value in ("device", "open", "Admin", None, 1, ["admin"], {}):
        with pytest.raises(ContractError, match="role is one of viewer, operator, admin"):
            read_role(value)


def test_made_passwords_differ_and_can_be_typed() -> None:
    made = {random_password() for _ in range(200)}
    assert len(made) == 200 and {len(one) for one in made} == {23}
    assert set("".join(made)) <= set(ALPHABET + "-")
    assert all(read_password(one, "admin") == one for one in made)


@pytest.mark.parametrize(
    ("given", "leads"),
    [
        ("/plates?camera=a#b", "/plates?camera=a#b"),
        ("", "/"),
        ("plates", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("/x\r\nSet-Cookie: a=b", "/"),
        ("/" + "x" * 2000, "/"),
        ("//[", "/"),
        (None, "/"),
    ],
)
def test_a_login_leads_to_a_path_of_the_hub_only(given: object, leads: str) -> None:
    assert local_path(given) == leads
