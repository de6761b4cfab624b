"""What a form kind does that brings nothing of its own: the defaults of FormKind's parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from leadcapture.forms.bases import Settings
from leadcapture.forms.models import Form as FormRow
from leadcapture.sites.models import Site


def no_obstacles(site: Site, settings: Settings) -> Sequence[str]:  # noqa: ARG001 the signature is the contract's
    """For a kind that every site can use."""
    return ()


def nothing_to_do(session: Session, now: datetime, form: FormRow, site: Site, before: Settings) -> None:
    """For a kind that keeps nothing beside its settings."""


def always_open(session: Session, now: datetime, form: FormRow, site: Site) -> str:  # noqa: ARG001 as above
    """For a kind that always takes what visitors send."""
    return ""


def as_set(session: Session, now: datetime, form: FormRow, site: Site) -> Settings:  # noqa: ARG001 as above
    """For a kind whose form is the same for everybody at any time."""
    return form.settings


def no_data(session: Session, now: datetime, form: FormRow, site: Site) -> Mapping[str, Any]:  # noqa: ARG001 as above
    """For a kind that needs nothing but its fields."""
    return {}


def needs_nothing(session: Session, now: datetime, form: FormRow, site: Site) -> None:
    """For a kind whose form of the demo is its settings."""


def nothing_waits(session: Session, form: FormRow) -> str:  # noqa: ARG001 as above
    """For a kind on whose entries nobody works."""
    return ""


def keeps_nothing(session: Session, now: datetime, contact_id: int) -> None:
    """For a kind that has no tables of its own."""


def tells_nothing(session: Session, contact_id: int) -> Sequence[Mapping[str, Any]]:  # noqa: ARG001 as above
    """For a kind that has no tables of its own."""
    return ()


def as_sent(site: Site, data: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001 the signature is the contract's
    """For a kind that keeps all of what was sent."""
    return data
