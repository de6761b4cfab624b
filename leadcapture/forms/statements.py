"""Every wording of every statement that the forms of a site ask, or ever asked, consent by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from leadcapture import i18n
from leadcapture.forms import operations
from leadcapture.forms.models import Form, FormVersion
from leadcapture.sites.models import Site


@dataclass(frozen=True)
class Said:
    """One statement in one language, as one version of one form says it; `holds` while visitors are asked by it (or
    would be, were the form published): the form's newest version, unless the form is archived."""

    purpose: str
    version: str
    statement: str
    language: str
    form: str  # its public id
    title: str
    since: datetime
    holds: bool


def of_site(session: Session, site: Site) -> list[Said]:
    """What the site's forms say and said, form by form, the oldest version first."""
    rows = session.execute(
        select(Form, FormVersion)
        .join(FormVersion, FormVersion.form_id == Form.id)
        .where(Form.site_id == site.id)
        .order_by(Form.id, FormVersion.version)
    )
    return [said for form, seen in rows for said in _said(form, seen, site)]


def of_form(session: Session, form: Form, site: Site) -> list[Said]:
    """What that form says and said, the oldest version first."""
    seen = session.scalars(select(FormVersion).where(FormVersion.form_id == form.id).order_by(FormVersion.version))
    return [said for version in seen for said in _said(form, version, site)]


def words(form: Form, site: Site) -> set[tuple[str, str, str]]:
    """What the form asks by now: purpose, language and statement of each."""
    return {
        (one.purpose, language, one.statement)
        for language in i18n.LANGUAGES
        for one in operations.statements(form, site, language)
    }


def _said(form: Form, seen: FormVersion, site: Site) -> list[Said]:
    holds = seen.version == form.version and form.archived_at is None
    return [
        Said(one.purpose, one.version, one.statement, language, form.public_id, form.title, seen.created_at, holds)
        for language in i18n.LANGUAGES
        for one in operations.statements(form, site, language, seen)
    ]
