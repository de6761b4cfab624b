"""A form's configuration: made, changed (each change is a new version), published, described."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from leadcapture import i18n, ids
from leadcapture.errors import Conflict, Invalid
from leadcapture.forms import kinds, queries, rules
from leadcapture.forms.kind import SettingsForm, Statement, describe_field
from leadcapture.forms.models import Form, FormVersion
from leadcapture.i18n import gettext as _
from leadcapture.sites import queries as sites
from leadcapture.sites.models import Site

HONEYPOT = "website_url"


def create(
    session: Session,
    now: datetime,
    *,
    site_id: int,
    kind: str,
    title: str = "",
    slug: str | None = None,
    settings: Mapping[str, Any] | None = None,
    inline: bool = True,
) -> Form:
    """A new form, not yet published. `title` is what the owner calls it, `settings` what differs from the kind's
    defaults (`{"texts": {"en": {"title": …}}, …}`). Without a slug one is made of the title.

    Raises NotFound for an unknown kind, Invalid for a slug that cannot be used, Conflict for one that is taken.
    """
    made_by = kinds.by_name(kind)
    title = rules.clean_line(title)[:160] or str(made_by.title)
    if slug is None:
        slug = _free_slug(session, site_id, rules.slug_of(title))
    if not rules.valid_slug(slug):
        raise Invalid(
            _("This cannot stand in an address."), fields={"slug": [_("Only small letters, digits and hyphens.")]}
        )
    if _slug_taken(session, site_id, slug):
        raise Conflict(_("There already is a form with this address."))
    form = Form(
        public_id=ids.new("form"),
        site_id=site_id,
        kind=kind,
        slug=slug,
        title=title,
        settings={"texts": {}, **made_by.defaults, **(settings or {})},
        version=1,
        published=False,
        inline=inline,
        created_at=now,
        updated_at=now,
    )
    session.add(form)
    session.flush()
    _remember(session, now, form)
    return form


def update(
    session: Session,
    now: datetime,
    *,
    site_id: int,
    public_id: str,
    language: str | None = None,
    values: Mapping[str, Any] | None = None,
    title: str | None = None,
    inline: bool | None = None,
) -> Form:
    """Take over what an owner set: `values` are those of `editor`, its texts in `language`.

    Whatever a visitor would see differently makes a new version. Raises NotFound.
    """
    form = _locked(session, site_id, public_id)
    if title is not None:
        form.title = rules.clean_line(title)[:160] or form.title
    if inline is not None:
        form.inline = inline
    if values is not None:
        site = sites.by_id(session, site_id)
        settings = kinds.by_name(form.kind).settings_of(form.settings, language or site.language, values)
        if settings != form.settings:
            form.settings = settings
            form.version += 1
            _remember(session, now, form)
    form.updated_at = now
    return form


def publish(session: Session, now: datetime, *, site_id: int, public_id: str) -> Form:
    """Let visitors see and send the form. Raises Conflict with a sentence when it lacks something, NotFound."""
    form = _locked(session, site_id, public_id)
    lacking = obstacles(form, sites.by_id(session, site_id))
    if lacking:
        raise Conflict(" ".join(lacking), code="cannot_publish")
    form.published = True
    form.updated_at = now
    return form


def unpublish(session: Session, now: datetime, *, site_id: int, public_id: str) -> Form:
    """Take the form away from visitors; what was sent stays and can still be confirmed. Raises NotFound."""
    form = _locked(session, site_id, public_id)
    form.published = False
    form.updated_at = now
    return form


def obstacles(form: Form, site: Site) -> Sequence[str]:
    """Why the form cannot be published, as sentences; empty when it can."""
    kind = kinds.by_name(form.kind)
    found = list(kind.obstacles(site, form.settings))
    for language in i18n.LANGUAGES:
        with i18n.speaking(language):
            silent = [s for s in kind.statements(form.settings, form.version, site.name) if not s.statement.strip()]
        if silent:
            found.append(_("It does not say what people agree to."))
            break
    return found


def advice(form: Form, site: Site) -> Sequence[str]:  # noqa: ARG001 a kind may come to have its own
    """What an owner should mend although the form can be published, as sentences."""
    if site.privacy_url:
        return ()
    return (_("There is no link to a privacy policy: enter it in the site's settings."),)


def editor(form: Form, site: Site, language: str, given: Any = None) -> SettingsForm:
    """The owner's form for the settings, its texts in `language`; `given` is what the owner sent, a MultiDict."""
    return kinds.by_name(form.kind).editor(form.settings, language, site.name, given)


def statements(form: Form, site: Site, language: str, seen: FormVersion | None = None) -> list[Statement]:
    """What the form asks consent for in that language, as it stands or as it stood in the version that was `seen`."""
    with i18n.speaking(language):
        if seen is None:
            return kinds.by_name(form.kind).statements(form.settings, form.version, site.name)
        return kinds.by_name(form.kind).statements(seen.settings, seen.version, site.name)


def describe(form: Form, site: Site, language: str | None = None) -> dict[str, Any]:
    """The form as the widget and the hosted page are told of it, in `language` or the site's; without a challenge."""
    language = i18n.best(language, site.language)
    kind = kinds.by_name(form.kind)
    with i18n.speaking(language):
        words = kind.statements(form.settings, form.version, site.name)
        short = [{"purpose": s.purpose, "statement": s.statement, "version": s.version} for s in words]
        return {
            "slug": form.slug,
            "kind": form.kind,
            "version": form.version,
            "title": kind.text("title", form.settings, site.name),
            "intro": kind.text("intro", form.settings, site.name),
            "button": kind.text("button", form.settings, site.name),
            "lang": language,
            "dir": i18n.direction(language),
            "privacy_url": site.privacy_url,
            "fields": [describe_field(shown) for shown in kind.fields(form.settings)],
            "consents": [{**said, "required": s.required} for said, s in zip(short, words, strict=True) if s.box],
            "notice": next((said for said, s in zip(short, words, strict=True) if not s.box), None),
            "consent": next(said for said in short if said["purpose"] == kind.purpose),
            "honeypot": HONEYPOT,
        }


def _locked(session: Session, site_id: int, public_id: str) -> Form:
    form = queries.by_public_id(session, site_id, public_id)
    session.refresh(form, with_for_update=True)
    return form


def _remember(session: Session, now: datetime, form: Form) -> None:
    session.add(
        FormVersion(form_id=form.id, version=form.version, title=form.title, settings=form.settings, created_at=now)
    )
    session.flush()


def _slug_taken(session: Session, site_id: int, slug: str) -> bool:
    return session.scalar(select(Form.id).where(Form.site_id == site_id, Form.slug == slug)) is not None


def _free_slug(session: Session, site_id: int, wanted: str) -> str:
    number, slug = 1, wanted
    while _slug_taken(session, site_id, slug):
        number += 1
        slug = f"{wanted}-{number}"
    return slug
