"""Who may do what, which passwords will do, where a sign-in may lead to."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from leadcapture.errors import Invalid
from leadcapture.operators import rules


@pytest.mark.parametrize(
    ("role", "needed", "allowed"),
    [
        ("owner", "admin", True),
        ("admin", "owner", False),
        ("operator", "admin", False),
        ("operator", "operator", True),
        ("nobody", "operator", False),
        ("", "operator", False),
    ],
)
def test_a_role_may_what_those_below_it_may(role: str, needed: str, allowed: bool) -> None:
    assert rules.reaches(role, needed) is allowed


def test_an_admin_manages_operators_and_nobody_else() -> None:
    assert [other for other in rules.ROLES if rules.may_manage("admin", other)] == ["operator"]
    assert all(rules.may_manage("owner", other) for other in rules.ROLES)
    assert not any(rules.may_manage("operator", other) for other in rules.ROLES)


@pytest.mark.parametrize("password", ["short", "alice@example.org", "Alice@Example.org ", "aaaaaaaaaaaa", "x" * 1000])
def test_a_password_that_is_easily_guessed_is_refused_with_a_sentence(password: str) -> None:
    with pytest.raises(Invalid) as refused:
        rules.check_password(password, "alice@example.org")
    assert refused.value.fields["password"]


def test_a_password_is_matched_and_no_hash_matches_nothing() -> None:
    stored = rules.hash_password("correct horse")
    assert stored.startswith("$argon2id$")
    assert rules.password_matches(stored, "correct horse")
    assert not rules.password_matches(stored, "wrong horse")
    assert not rules.password_matches(None, "nobody has this password")
    assert not rules.password_matches("not a hash", "correct horse")


def test_a_hash_with_other_parameters_is_outdated() -> None:
    assert rules.hash_outdated(PasswordHasher(time_cost=1, memory_cost=8192).hash("correct horse"))
    assert not rules.hash_outdated(rules.hash_password("correct horse"))


@pytest.mark.parametrize(
    "wanted",
    [
        None,
        "",
        "https://evil.example.org/console/",
        "//evil.example.org/console/",
        "/\\evil.example.org",
        "/console/\\evil.example.org",
        "/console//evil.example.org",
        "/console/../f/x",
        "/console/\r\nSet-Cookie: a=b",
        "/v1/anything",
        "javascript:alert(1)",
    ],
)
def test_a_sign_in_leads_nowhere_but_into_the_console(wanted: str | None) -> None:
    assert rules.local_console_path(wanted) == "/console/"


def test_a_sign_in_leads_back_to_the_page_that_was_wanted() -> None:
    assert rules.local_console_path("/console/contacts?search=a//b") == "/console/contacts?search=a//b"
