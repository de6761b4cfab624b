"""How the site protects its forms and its chat: one page of settings, each with what it does to real people."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response
from wtforms import BooleanField, Form, IntegerField, RadioField, TextAreaField
from wtforms.validators import InputRequired, NumberRange

from leadcapture import clock, db
from leadcapture.errors import Invalid
from leadcapture.forms.fields import DecimalField, Meta
from leadcapture.forms.rules import lines
from leadcapture.i18n import gettext as _
from leadcapture.i18n import lazy_gettext
from leadcapture.operators import session
from leadcapture.sites import operations, protection

blueprint = Blueprint("console_protection", __name__)

GROUPS = {
    "addresses": ("disposable", "check_mx"),
    "lists": ("blocked", "allowed"),
    "spam": ("hold_spam", "spam_threshold", "min_seconds"),
    "links": ("ask_code",),
}
LISTS = ("blocked", "allowed")


class ProtectionForm(Form):
    """What an owner sets; the names are those of Protection. Lists stand one entry a line."""

    Meta = Meta

    disposable = RadioField(
        lazy_gettext("Addresses that live for minutes"),
        choices=[
            ("refuse", lazy_gettext("Refuse them: the person is asked for an address they will keep")),
            ("hold", lazy_gettext("Hold them: you look at each before a mail goes out")),
            ("allow", lazy_gettext("Take them like any other")),
        ],
        description=lazy_gettext(
            "Some people use such an address to stay unknown, most to take a coupon twice. The mail you send in a week "
            "reaches nobody there."
        ),
    )
    check_mx = BooleanField(
        lazy_gettext("Ask whether the domain of an address takes mail"),
        description=lazy_gettext(
            "A slip like gmial.con is then told at once, while the person is still there. When no answer comes, the "
            "address is taken: nobody is lost for that."
        ),
    )
    blocked = TextAreaField(
        lazy_gettext("Never take"),
        description=lazy_gettext(
            "One a line: example.org, *.example.org for all below it, or one whole address. Who writes from there is "
            "told to use another address."
        ),
        render_kw={"rows": 5, "dir": "ltr", "spellcheck": "false"},
    )
    allowed = TextAreaField(
        lazy_gettext("Always take"),
        description=lazy_gettext(
            "As above. These are taken whatever else is set here; a customer whose domain is wrongly refused belongs "
            "here."
        ),
        render_kw={"rows": 5, "dir": "ltr", "spellcheck": "false"},
    )
    hold_spam = BooleanField(
        lazy_gettext("Hold what looks like spam"),
        description=lazy_gettext(
            "What is held waits under Held, for as long as Retention says. The sender reads the same as everybody and "
            "gets the mail once you release it: look there each day."
        ),
    )
    spam_threshold = DecimalField(
        lazy_gettext("How sure must it be?"),
        [InputRequired(), NumberRange(0.5, 1)],
        description=lazy_gettext(
            "From 0.5 to 1. With 0.9 hardly a real question waits for you; with 0.6 less spam comes through, and more "
            "real people wait."
        ),
        places=None,
        render_kw={"dir": "ltr", "inputmode": "decimal"},
    )
    min_seconds = IntegerField(
        lazy_gettext("Nobody fills a form in fewer seconds than"),
        [InputRequired(), NumberRange(0, 60)],
        description=lazy_gettext(
            "Whoever is quicker is suspected a little more. That alone holds nothing: browsers fill in names and "
            "addresses by themselves. 0 looks at no clock."
        ),
        render_kw={"dir": "ltr", "inputmode": "numeric"},
    )
    ask_code = BooleanField(
        lazy_gettext("Ask programs that press the button of a mail for the code"),
        description=lazy_gettext(
            "Mail scanners of companies open every link, and some press the button. Where several signs speak for one, "
            "the six digits of the mail are asked for instead. People hardly ever see it."
        ),
    )


@blueprint.get("/console/protection")
@session.require("admin")
def settings() -> str:
    """The settings of the current site."""
    return _page(ProtectionForm(data=_shown(protection.of(session.current_site()))))


@blueprint.post("/console/protection")
@session.require("admin")
def save() -> str | tuple[str, int] | Response:
    """Take over the settings; what is wrong is said at its field, and everything typed is still there."""
    form = ProtectionForm(MultiDict(request.form))
    if not form.validate():
        return _page(form), 422
    try:
        db.write(operations.change_protection, clock.now(), site_id=session.current_site().id, **_values(form))
    except Invalid as error:
        for name, sentences in error.fields.items():
            form[name].errors = [*form[name].errors, *sentences]
        return _page(form), 422
    flash(_("Saved. It holds for whatever comes from now on."), "good")
    return redirect(url_for(".settings"))


def _page(form: ProtectionForm) -> str:
    groups = {title: [form[name] for name in names] for title, names in GROUPS.items()}
    return render_template("console/protection.html", groups=groups, wrong=bool(form.errors))


def _shown(kept: protection.Protection) -> dict[str, Any]:
    return asdict(kept) | {name: "\n".join(getattr(kept, name)) for name in LISTS}


def _values(form: ProtectionForm) -> dict[str, Any]:
    listed = {name: list(dict.fromkeys(lines(form[name].data))) for name in LISTS}
    return form.data | listed | {"spam_threshold": float(form.spam_threshold.data or 0)}
