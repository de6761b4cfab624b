"""What a visitor sent is checked against the version of the form that the visitor saw. Nothing is written here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from leadcapture import addresses, i18n
from leadcapture.addresses import Address
from leadcapture.errors import Conflict, Invalid
from leadcapture.forms import kinds, queries
from leadcapture.forms.fields import AddressField, kept
from leadcapture.forms.kind import Settings, Statement, VisitorForm
from leadcapture.forms.models import Form, FormVersion
from leadcapture.i18n import gettext as _
from leadcapture.sites.models import Site

# A page that was open while the owner changed the form may still be sent for so long.
OLD_VERSION = timedelta(days=1)


@dataclass(frozen=True)
class Checked:
    """What a visitor sent, found valid."""

    form: Form
    version: int
    settings: Settings  # of that version
    site: Site
    language: str
    address: Address
    name: str
    phone: str
    data: dict[str, Any]
    consents: list[dict[str, str]]


def check(
    session: Session, now: datetime, *, form: Form, site: Site, fields: MultiDict[str, str], language: str
) -> Checked:
    """Validate what was sent, as the version of the form that the visitor saw (`form_version`, the newest when it is
    not said) asks for it.

    Raises Invalid with sentences at the fields, Conflict with code "changed" for a version that is long gone, or with
    code "closed" where the form takes nothing now.
    """
    kind = kinds.by_name(form.kind)
    seen = _seen(session, now, form, fields.get("form_version", ""))
    with i18n.speaking(language):
        if closed := kind.closed(session, now, form, site):
            raise Conflict(closed, code="closed")
        filled = kind.fields(seen.settings, fields)
        errors: dict[str, list[str]] = {}
        if not filled.validate():
            errors = {name: [str(sentence) for sentence in found] for name, found in filled.errors.items() if name}
        asked = kind.statements(seen.settings, seen.version, site.name)
        agreed, refused = _agreed(asked, fields.getlist("consent"))
        if refused:
            errors["consent"] = refused
        if errors:
            raise Invalid(_("Check the marked fields."), fields=errors)
        return _checked(form, seen, site, language, filled, agreed)


def compute(
    session: Session, now: datetime, *, form: Form, fields: MultiDict[str, str], language: str
) -> dict[str, Any] | None:
    """What can be worked out from what is filled in so far, sending nothing; None where the kind works nothing out.

    Raises Invalid with sentences at the fields that it is worked out from, Conflict as `check` does.
    """
    kind = kinds.by_name(form.kind)
    seen = _seen(session, now, form, fields.get("form_version", ""))
    if kind.compute is None:
        return None
    with i18n.speaking(language):
        filled = kind.fields(seen.settings, fields)
        filled.validate()
        needed = {name for name, _field in kind.visitor_form.made_of(seen.settings)}
        errors = {name: [str(one) for one in found] for name, found in filled.errors.items() if name in needed}
        if errors:
            raise Invalid(_("Check the marked fields."), fields=errors)
        return kind.compute(seen.settings, _data(filled)).result()


def _seen(session: Session, now: datetime, form: Form, version: str) -> Form | FormVersion:
    if not version.isdecimal() or len(version) > 9 or int(version) == form.version:
        return form
    seen = queries.version(session, form.id, int(version)) if int(version) < form.version else None
    following = queries.version(session, form.id, int(version) + 1) if seen else None
    if seen is None or following is None or following.created_at < now - OLD_VERSION:
        raise Conflict(_("This form has changed. Open the page again."), code="changed")
    return seen


def _agreed(asked: list[Statement], ticked: list[str]) -> tuple[list[Statement], list[str]]:
    """What was agreed to, and the sentences about what must be agreed to and was not."""
    boxes = [statement for statement in asked if statement.box]
    # Where there is one box, a plain checkbox says "on".
    said = {boxes[0].purpose if len(boxes) == 1 and value == "on" else value for value in ticked}
    agreed = [statement for statement in asked if not statement.box or statement.purpose in said]
    if any(statement.required and not statement.group and statement not in agreed for statement in boxes):
        return agreed, [_("Tick this box to go on.")]
    groups = {statement.group for statement in boxes if statement.group}
    if groups - {statement.group for statement in agreed}:
        return agreed, [_("Tick at least one.")]
    return agreed, []


def _checked(
    form: Form,
    seen: Form | FormVersion,
    site: Site,
    language: str,
    filled: VisitorForm,
    agreed: list[Statement],
) -> Checked:
    data = kinds.by_name(form.kind).kept(site, _data(filled))
    name, phone, typed = data.pop("name", ""), data.pop("phone", ""), data.pop("email")
    shown = filled["email"]
    address = shown.address if isinstance(shown, AddressField) and shown.address else addresses.parse(typed)
    return Checked(
        form=form,
        version=seen.version,
        settings=seen.settings,
        site=site,
        language=language,
        address=address,
        name=name,
        phone=phone,
        data=data,
        consents=[{"purpose": s.purpose, "statement": s.statement, "version": s.version} for s in agreed],
    )


def _data(filled: VisitorForm) -> dict[str, Any]:
    return {name: kept(value) for name, value in filled.data.items() if value not in (None, "", [])}
