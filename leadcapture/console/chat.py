"""How the site's chat works: one page of settings, and the secret by which the host site says who its visitors are."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from babel.dates import format_date
from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from leadcapture import clock, db, i18n, uploads
from leadcapture.console import form_rows
from leadcapture.console.chat_form import ChatForm, form_of, values_of
from leadcapture.errors import Invalid
from leadcapture.i18n import gettext as _
from leadcapture.operators import session
from leadcapture.sites import chat_settings, hours, operations, queries

blueprint = Blueprint("console_chat", __name__)

GROUPS = {
    "answering": ("routing", "capacity", "idle_minutes"),
    "waiting": ("tell_after", "mail_after"),
    "visitors": ("visitor_files", "file_mb", "preview_typing", "see_visitors", "masking"),
    "questions": ("pre_chat",),
    "closed": ("country", "subdivision", "exceptions"),
    "replies": ("phone", *(f"signature_{code}" for code in i18n.LANGUAGES)),
}
# How a server signs the id of its user (docs/identity.md); each prints what identify() takes as `hash`.
EXAMPLES = (
    ("PHP", "hash_hmac('sha256', $userId, getenv('LEADCAPTURE_SECRET'))"),
    ("Python", 'hmac.new(os.environ["LEADCAPTURE_SECRET"].encode(), user_id.encode(), hashlib.sha256).hexdigest()'),
    ("Node", 'crypto.createHmac("sha256", process.env.LEADCAPTURE_SECRET).update(userId).digest("hex")'),
)
IN_THE_PAGE = 'leadcapture.identify({ user_id: "4711", hash: "…", name: "Alice" })'


@blueprint.get("/console/chat")
@session.require("admin")
def settings() -> str:
    """The settings of the current site's chat."""
    return _page(form_of(chat_settings.of(session.current_site().chat)))


@blueprint.post("/console/chat")
@session.require("admin")
def save() -> str | tuple[str, int] | Response:
    """Take over the settings; the buttons of the lists, and the one beside the country, only change the page."""
    site = session.current_site()
    form = form_of(chat_settings.of(site.chat), request.form)
    if "rows" in request.form:
        form_rows.press(form, request.form["rows"])
        return _page(form, changed=True)
    form.adapt(_largest_mb())
    if not form.validate():
        return _page(form, changed=True, wrong=True), 422
    try:
        db.write(operations.change_chat, clock.now(), site_id=site.id, **values_of(form))
    except Invalid as error:
        for name, sentences in error.fields.items():
            if name in form:
                form[name].errors = [*form[name].errors, *sentences]
        return _page(form, changed=True, wrong=True), 422
    flash(_("Saved."), "good")
    return redirect(url_for(".settings"))


@blueprint.post("/console/chat/secret")
@session.require("admin")
def renew_secret() -> Response:
    """Make a secret for the host site's server; the one before goes on working beside it."""
    db.write(operations.new_identity_secret, clock.now(), site_id=session.current_site().id)
    flash(_("This is the new secret. Put it on your server."), "good")
    return redirect(url_for(".settings", _anchor="identity"))


@blueprint.post("/console/chat/secret/end")
@session.require("admin")
def end_old_secret() -> Response:
    """From now on the newest secret alone holds."""
    db.write(operations.end_old_identity_secret, clock.now(), site_id=session.current_site().id)
    flash(_("The old secret has ended."), "good")
    return redirect(url_for(".settings", _anchor="identity"))


def _page(form: ChatForm, *, changed: bool = False, wrong: bool = False) -> str:
    site, language = session.current_site(), i18n.language()
    form.adapt(_largest_mb())
    today = clock.now().astimezone(ZoneInfo(site.timezone)).date()
    coming = hours.next_holidays(form.country.data or "", form.subdivision.data or "", today, language)
    return render_template(
        "console/chat.html",
        form=form,
        groups={name: [form[field] for field in fields] for name, fields in GROUPS.items()},
        holidays=[(each.day.isoformat(), format_date(each.day, "full", locale=language), each.name) for each in coming],
        secrets=queries.identity_secrets(site),
        examples=EXAMPLES,
        in_the_page=IN_THE_PAGE,
        changed=changed,
        wrong=wrong,
    )


def _largest_mb() -> int:
    return uploads.most_bytes() // 1_000_000
