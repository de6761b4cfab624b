"""Invitations to the chat: a few words in a bubble beside the launcher, and when they show themselves."""

from __future__ import annotations

from typing import Any

from babel import Locale
from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response
from wtforms import StringField, TextAreaField
from wtforms.validators import Length

from leadcapture import clock, db, i18n
from leadcapture.chat.pre_chat import spoken
from leadcapture.errors import Conflict
from leadcapture.forms.placement import EVERY_DAYS, MOST, MomentsForm
from leadcapture.forms.rules import clean_line
from leadcapture.i18n import gettext as _
from leadcapture.i18n import lazy_gettext
from leadcapture.operators import session
from leadcapture.sites import invitations

blueprint = Blueprint("console_invitations", __name__)

LONGEST = 200  # characters of an invitation: a bubble, not a letter


class InvitationForm(MomentsForm):
    """What an owner sets of an invitation, beside its words in each language (`text_CODE`)."""

    name = StringField(
        lazy_gettext("Who says it"),
        [Length(max=60)],
        filters=[clean_line],
        description=lazy_gettext("A name above the words, like Alice from the shop. May be left empty."),
    )
    after_chat = None  # type: ignore[assignment]  # how WTForms drops a field: this offers the chat

    def validate(self, extra_validators: Any = None) -> bool:
        valid = super().validate(extra_validators)
        first = self[f"text_{i18n.LANGUAGES[0]}"]
        if not any(self[f"text_{code}"].data for code in i18n.LANGUAGES):
            first.errors = [*first.errors, _("Say something, in one language at least.")]
            valid = False
        if self.delay.data is None and self.scroll.data is None and not self.exit.data and not self.delay.errors:
            self.delay.errors = [_("Say when it shows itself: set at least one moment.")]
            valid = False
        return valid

    def texts(self) -> list[Any]:
        """The fields of the words, one a language."""
        return [self[f"text_{code}"] for code in i18n.LANGUAGES]

    def kept(self) -> dict[str, Any]:
        """What a valid form says, as it is kept."""
        data = self.data
        texts = {code: data[f"text_{code}"] for code in i18n.LANGUAGES if data[f"text_{code}"]}
        rules = {name: value for name, value in data.items() if not name.startswith("text_")}
        often = {"every_days": EVERY_DAYS, "most": MOST}
        return rules | {name: often[name] for name in often if rules[name] is None} | {"text": texts}


for _code in i18n.LANGUAGES:
    setattr(
        InvitationForm,
        f"text_{_code}",
        TextAreaField(
            Locale.parse(_code).get_display_name() or _code,
            [Length(max=LONGEST)],
            filters=[clean_line],
            render_kw={"rows": 2, "maxlength": LONGEST, "lang": _code, "dir": i18n.direction(_code)},
        ),
    )


@blueprint.get("/console/invitations")
@session.require("admin")
def all_of_them() -> str:
    """The invitations as they look, and a form for one more."""
    return _page(InvitationForm())


@blueprint.post("/console/invitations")
@session.require("admin")
def add() -> tuple[str, int] | Response:
    """Keep a new one."""
    form = InvitationForm(request.form)
    if not form.validate():
        return _page(form), 422
    try:
        db.write(invitations.add, clock.now(), site_id=session.current_site().id, values=form.kept())
    except Conflict as error:
        flash(error.message, "bad")
        return _page(form), 409
    flash(_("Saved. It shows itself on your pages within a minute, while somebody is there to answer."), "good")
    return redirect(url_for(".all_of_them"))


@blueprint.get("/console/invitations/<invitation>")
@session.require("admin")
def edit(invitation: str) -> str:
    """One of them, to be changed. Raises NotFound for one of another site."""
    kept = invitations.one(session.current_site(), invitation)
    words = {f"text_{code}": (kept.get("text") or {}).get(code, "") for code in i18n.LANGUAGES}
    return _page(InvitationForm(data={**kept, **words}), changing=kept)


@blueprint.post("/console/invitations/<invitation>")
@session.require("admin")
def change(invitation: str) -> tuple[str, int] | Response:
    """Take over its words and rules. Raises NotFound for one of another site."""
    kept = invitations.one(session.current_site(), invitation)
    form = InvitationForm(request.form)
    if not form.validate():
        return _page(form, changing=kept), 422
    return _changed(invitation, form.kept(), _("Saved."))


@blueprint.post("/console/invitations/<invitation>/pause")
@session.require("admin")
def pause(invitation: str) -> Response:
    """Show it to nobody until it is resumed."""
    return _changed(invitation, {"enabled": False}, _("Paused: nobody is shown it."))


@blueprint.post("/console/invitations/<invitation>/resume")
@session.require("admin")
def resume(invitation: str) -> Response:
    """Show it again."""
    return _changed(invitation, {"enabled": True}, _("It shows itself again."))


@blueprint.post("/console/invitations/<invitation>/delete")
@session.require("admin")
def delete(invitation: str) -> Response:
    """Take it away."""
    db.write(invitations.remove, clock.now(), site_id=session.current_site().id, invitation=invitation)
    flash(_("The invitation is deleted."), "good")
    return redirect(url_for(".all_of_them"))


def _changed(invitation: str, values: dict[str, Any], said: str) -> Response:
    site_id = session.current_site().id
    db.write(invitations.change, clock.now(), site_id=site_id, invitation=invitation, values=values)
    flash(said, "good")
    return redirect(url_for(".all_of_them"))


def _page(form: InvitationForm, *, changing: dict[str, Any] | None = None) -> str:
    site = session.current_site()
    return render_template(
        "console/invitations.html",
        form=form,
        changing=changing,
        invitations=[
            {**one, "says": spoken(one.get("text"), i18n.language(), site.language) or "", "when": _when(one)}
            for one in invitations.of(site)
        ],
    )


def _when(kept: dict[str, Any]) -> list[str]:
    """When an invitation shows itself, in short sentences."""
    told = []
    if kept.get("delay") is not None:
        told.append(_("after %(seconds)d seconds", seconds=kept["delay"]))
    if kept.get("scroll") is not None:
        told.append(_("after scrolling %(percent)d %% down", percent=kept["scroll"]))
    if kept.get("exit"):
        told.append(_("when somebody is about to leave"))
    if (kept.get("visits") or 0) > 1:
        told.append(_("from visit %(number)d on", number=kept["visits"]))
    if kept.get("urls"):
        told.append(_("only on %(pages)s", pages=", ".join(kept["urls"])))
    if kept.get("not_urls"):
        told.append(_("never on %(pages)s", pages=", ".join(kept["not_urls"])))
    return told
