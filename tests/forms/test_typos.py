"""Slips in addresses are pointed out; what may well be right is left alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadcapture.forms import typos

VECTORS = json.loads(Path(__file__).with_name("typo_vectors.json").read_text(encoding="utf-8"))
KNOWN = json.loads(Path(typos.__file__).with_name("typos.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["typed"])
def test_what_was_probably_meant(vector: dict[str, str | None]) -> None:
    assert typos.suggestion(vector["typed"] or "") == vector["meant"]


def test_no_domain_of_the_list_is_taken_for_a_slip() -> None:
    for domain in [*KNOWN["near"], *KNOWN["exact"]]:
        assert typos.suggestion(f"alice@{domain}") is None


def test_no_ending_that_exists_is_taken_for_one_that_does_not() -> None:
    existing = {domain.rpartition(".")[2] for domain in [*KNOWN["near"], *KNOWN["exact"]]}
    assert not existing & set(KNOWN["endings"])
    assert set(KNOWN["endings"].values()) <= existing | {"org"}


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=20), st.text(max_size=30))
def test_whatever_is_typed_only_the_domain_changes_and_a_suggestion_needs_none(local: str, domain: str) -> None:
    meant = typos.suggestion(f"{local}@{domain}")
    if meant is not None:
        assert meant.rpartition("@")[0] == f"{local}@{domain}".strip().rpartition("@")[0]
        assert typos.suggestion(meant) is None
