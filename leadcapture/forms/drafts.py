"""A form as it is not now: with settings that are not saved yet, or with those of an older version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from leadcapture.forms import kinds, operations
from leadcapture.forms.fields import RowsField
from leadcapture.forms.kind import SettingsForm
from leadcapture.forms.models import Form, FormVersion
from leadcapture.sites.models import Site


def as_seen(form: Form, version: FormVersion) -> Form:
    """A copy of the form as that version of it was; no session knows it."""
    return _copy(form, version.settings, version.version)


def described(
    session: Session, now: datetime, form: Form, site: Site, editor: SettingsForm, language: str
) -> tuple[dict[str, Any], list[str]]:
    """The form as visitors would be told of it if what stands in the `editor` (filled, not validated) were saved, and
    the labels of what was left out of that because it is not right yet: there the saved settings still hold."""
    editor.validate()
    values, wrong = dict(_valid(editor)), [str(field.label.text) for field in editor if field.errors]
    settings = kinds.by_name(form.kind).settings_of(form.settings, language, values)
    return operations.describe_now(session, now, _copy(form, settings, form.version), site, language), wrong


def changes(kind: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The labels of the settings that differ, each with the language it differs in ("" where it has none)."""
    names = {field.name: str(field.label.text) for field in kinds.by_name(kind).settings_form()}
    for name, label in names.items():
        if before.get(name) != after.get(name):
            yield label, ""
    texts, texts_before = after.get("texts", {}), before.get("texts", {})
    for language in sorted(texts.keys() | texts_before.keys()):
        for name, label in names.items():
            if texts.get(language, {}).get(name) != texts_before.get(language, {}).get(name):
                yield label, language


def _valid(editor: SettingsForm) -> Iterator[tuple[str, Any]]:
    for field in editor:
        if isinstance(field, RowsField):
            yield field.name, [entry.data for entry in field if not entry.form.errors]
        elif not field.errors:
            yield field.name, field.data


def _copy(form: Form, settings: Mapping[str, Any], version: int) -> Form:
    kept = {column.key: getattr(form, column.key) for column in Form.__table__.columns}
    return Form(**{**kept, "settings": dict(settings), "version": version})
