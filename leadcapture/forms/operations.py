"""A form's configuration: made, changed (each change is a new version), published, described."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from leadcapture import i18n, ids
from leadcapture.errors import Conflict, Invalid, NotFound
from leadcapture.forms import kinds, queries, rules
from leadcapture.forms.description import describe_fields, rich
from leadcapture.forms.kind import FormKind, SettingsForm, Statement
from leadcapture.forms.models import Form, FormVersion, Submission
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
    preset: str = "",
) -> Form:
    """A new form, not yet published. `title` is what the owner calls it, `settings` what differs from the kind's
    defaults or from the ready template `preset` (`{"texts": {"en": {"title": …}}, …}`). Without a slug one is made of
    the title.

    Raises NotFound for an unknown kind or template, Invalid for a slug or settings that cannot be used, Conflict for a
    slug that is taken.
    """
    made_by = kinds.by_name(kind)
    begun = _preset(made_by, preset)
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
        settings={"texts": {}, **made_by.defaults, **begun, **(settings or {})},
        version=1,
        published=False,
        inline=inline,
        short=ids.short_code(),
        created_at=now,
        updated_at=now,
    )
    session.add(form)
    session.flush()
    _remember(session, now, form)
    made_by.on_saved(session, now, form, sites.by_id(session, site_id), {})
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

    Whatever a visitor would see differently makes a new version. Raises NotFound, Invalid for what the kind does not
    take (now).
    """
    form = _locked(session, site_id, public_id)
    if title is not None:
        form.title = rules.clean_line(title)[:160] or form.title
    if inline is not None:
        form.inline = inline
    if values is not None:
        site = sites.by_id(session, site_id)
        kind, before = kinds.by_name(form.kind), form.settings
        settings = kind.settings_of(before, language or site.language, values)
        if settings != before:
            form.settings = settings
            form.version += 1
            _remember(session, now, form)
            kind.on_saved(session, now, form, site, before)
    form.updated_at = now
    return form


def place(
    session: Session, now: datetime, *, site_id: int, public_id: str, inline: bool, placement: Mapping[str, Any]
) -> Form:
    """Say where and when the form shows itself; `placement` is a PlacementForm's. Raises NotFound."""
    form = _locked(session, site_id, public_id)
    form.inline, form.placement, form.updated_at = inline, dict(placement), now
    return form


def duplicate(session: Session, now: datetime, *, site_id: int, public_id: str) -> Form:
    """A new, unpublished form with the same settings and placement. Raises NotFound."""
    form = queries.by_public_id(session, site_id, public_id)
    title = _("%(title)s (copy)", title=form.title[:140])
    made = create(
        session, now, site_id=site_id, kind=form.kind, title=title, settings=form.settings, inline=form.inline
    )
    made.placement = form.placement
    return made


def archive(session: Session, now: datetime, *, site_id: int, public_id: str) -> Form:
    """Put the form away: visitors see it no more, owners find it under the archived ones. Raises NotFound."""
    form = _locked(session, site_id, public_id)
    form.published, form.archived_at, form.updated_at = False, form.archived_at or now, now
    return form


def unarchive(session: Session, now: datetime, *, site_id: int, public_id: str) -> Form:
    """Take the form out of the archived ones; it is not published by that. Raises NotFound."""
    form = _locked(session, site_id, public_id)
    form.archived_at, form.updated_at = None, now
    return form


def publish(session: Session, now: datetime, *, site_id: int, public_id: str) -> Form:
    """Let visitors see and send the form. Raises Conflict with a sentence when it lacks something, NotFound."""
    form = _locked(session, site_id, public_id)
    lacking = obstacles(form, sites.by_id(session, site_id))
    if lacking:
        raise Conflict(" ".join(lacking), code="cannot_publish")
    form.published, form.archived_at, form.updated_at = True, None, now
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
    if not kind.asks(form.settings):
        found.append(_("It asks for no consent."))
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


def describe(
    form: Form, site: Site, language: str | None = None, *, settings: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The form as the widget and the hosted page are told of it, in `language` or the site's; without a challenge.
    `settings` in place of its own show what is not saved, or what was once."""
    language = i18n.best(language, site.language)
    kind, settings = kinds.by_name(form.kind), form.settings if settings is None else settings
    with i18n.speaking(language):
        words = kind.statements(settings, form.version, site.name)
        short = [{"purpose": s.purpose, "statement": s.statement, "version": s.version} for s in words]
        fields = describe_fields(kind.fields(settings))
        return {
            "slug": form.slug,
            "kind": form.kind,
            "version": form.version,
            "title": kind.text("title", settings, site.name),
            "intro": kind.text("intro", settings, site.name),
            "button": kind.text("button", settings, site.name),
            "lang": language,
            "dir": i18n.direction(language),
            "privacy_url": site.privacy_url,
            "fields": fields,
            "consents": [{**said, "required": s.required} for said, s in zip(short, words, strict=True) if s.box],
            "notice": next((said for said, s in zip(short, words, strict=True) if not s.box), None),
            "consent": next((said for said in short if said["purpose"] == kind.purpose), short[0]),
            "honeypot": HONEYPOT,
            "data": None,
            "closed": None,
            "compute": kind.compute is not None,
            "rich": any(rich(field) for field in fields),
        }


def describe_now(
    session: Session, now: datetime, form: Form, site: Site, language: str | None = None
) -> dict[str, Any]:
    """As `describe`, with what stands in the database: the kind's data, and why the form takes nothing now."""
    kind, language = kinds.by_name(form.kind), i18n.best(language, site.language)
    with i18n.speaking(language):
        described = describe(form, site, language, settings=kind.offered(session, now, form, site))
        data = dict(kind.data(session, now, form, site))
        closed = kind.closed(session, now, form, site)
    return {
        **described,
        "data": data or None,
        "closed": closed or None,
        "rich": described["rich"] or bool(data or closed),
    }


def summary(session: Session, sent: Submission) -> list[tuple[str, str]]:
    """What was asked and what was answered, as the version of the form that the visitor saw asked it."""
    form = queries.form_of(session, sent)
    seen = queries.version(session, form.id, sent.form_version)
    return kinds.by_name(form.kind).summarise(seen.settings if seen else form.settings, sent.data)


def _preset(kind: FormKind, name: str) -> Mapping[str, Any]:
    if not name:
        return {}
    if name not in kind.presets:
        raise NotFound("No such template.")
    return kind.presets[name].settings


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
