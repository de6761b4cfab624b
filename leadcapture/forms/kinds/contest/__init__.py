"""A contest with a prize draw that anybody can check: docs/draw.md says how, and what that proves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from babel.lists import format_list
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import BooleanField, IntegerField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from leadcapture import clock, i18n
from leadcapture.forms import letters
from leadcapture.forms import rules as form_rules
from leadcapture.forms.fields import LocalDateTimeField, Row, RowsField, local_of
from leadcapture.forms.kind import (
    NEWSLETTER_STATEMENT,
    Ask,
    FormKind,
    NamedVisitorForm,
    NewsletterOffering,
    Preset,
    Settings,
    newsletter_asks,
    statement_field,
)
from leadcapture.forms.kinds.contest import operations, outcomes, queries, rules
from leadcapture.forms.models import Form, FormVersion
from leadcapture.i18n import gettext as _
from leadcapture.i18n import lazy_gettext
from leadcapture.sites.models import Site

MOST_PRIZES = 100


class Prize(Row):
    """Something to be won, once or several times."""

    TEXTS: ClassVar[tuple[str, ...]] = ("name",)

    name = StringField(
        lazy_gettext("Prize"),
        [InputRequired(lazy_gettext("Say what can be won.")), Length(max=120)],
        filters=[form_rules.clean_line],
    )
    count = IntegerField(lazy_gettext("How many of it"), [Optional(), NumberRange(1, MOST_PRIZES)], default=1)


class Owner(NewsletterOffering):
    opens = LocalDateTimeField(
        lazy_gettext("Opens"),
        [Optional()],
        description=lazy_gettext("On the clocks of your site's zone. Empty: as soon as you publish it."),
    )
    closes = LocalDateTimeField(
        lazy_gettext("Closes"),
        [Optional()],
        description=lazy_gettext(
            "Only addresses confirmed by then take part. Neither can be changed once it has opened."
        ),
    )
    prizes = RowsField(
        Prize,
        lazy_gettext("Prizes"),
        description=lazy_gettext("In the order they are drawn: the first drawn gets the first."),
        max_entries=20,
    )
    alternates = IntegerField(
        lazy_gettext("Alternates"),
        [Optional(), NumberRange(0, MOST_PRIZES)],
        description=lazy_gettext("How many are named beside the winners, to follow somebody who is disqualified."),
    )
    rules = TextAreaField(
        lazy_gettext("Rules"),
        [Optional(), Length(max=10_000)],
        filters=[form_rules.clean_text],
        description=lazy_gettext(
            "Who may take part, how winners are told, what the law asks of you. Stands on the page of the rules, under "
            "the times, the prizes and how the draw works."
        ),
    )
    beacon = StringField(
        lazy_gettext("Public value to mix in"),
        [Optional(), Length(max=200)],
        filters=[form_rules.clean_line],
        description=lazy_gettext(
            "Something nobody can know before the closing, like “the numbers of the state lottery drawn on December "
            "24”. You type it in before the draw. With it not even you can know the winners before."
        ),
    )
    tags = BooleanField(
        lazy_gettext("Count anna+win@… and anna@… as one address"),
    )
    dotless = TextAreaField(
        lazy_gettext("Providers that ignore dots"),
        [Optional(), Length(max=2000)],
        filters=[form_rules.clean_text],
        description=lazy_gettext("There a.nna@… and anna@… count as one address. One domain a line."),
        render_kw={"dir": "ltr"},
    )
    names = BooleanField(
        lazy_gettext("Show the winners' names as “Anna B.” on the page of the draw"),
        description=lazy_gettext("Else it shows the numbers and fingerprints of their entries only."),
    )
    statement = statement_field()
    ask_name = BooleanField(lazy_gettext("Ask for a name (people may leave it empty)"))

    def validate(self, extra_validators: Any = None) -> bool:
        """The fields one by one, then the two times together."""
        valid = super().validate(extra_validators)
        opens, closes = self.opens.data, self.closes.data
        if opens and closes and closes <= opens:
            self.closes.errors = [*self.closes.errors, _("It must close after it opens.")]
            return False
        return valid


def asks(settings: Settings) -> Sequence[Ask]:
    words = "statement_names" if settings.get("names") and not _own_statement(settings) else "statement"
    # Taking part never asks for the newsletter: that is a box of its own, which may stay empty.
    return (Ask(queries.PURPOSE, words), *newsletter_asks(settings))


def _own_statement(settings: Settings) -> bool:
    return bool(settings.get("texts", {}).get(i18n.language(), {}).get("statement"))


def obstacles(site: Site, settings: Settings) -> Sequence[str]:
    found = []
    terms = rules.terms_of("", settings, site.timezone)
    closes = rules.moment(terms["closes"])
    if closes is None:
        found.append(_("Say when the contest closes."))
    elif closes <= clock.now():
        found.append(_("The time when the contest closes is past."))
    if not terms["prizes"]:
        found.append(_("Say what can be won."))
    return found


def closed(session: Session, now: datetime, form: Form, site: Site) -> str:
    contest = queries.of_form(session, form.id)
    if contest is None or contest.closes_at is None:
        return _("The contest has not begun.")
    timezone = contest.terms["timezone"]
    phase = queries.phase(contest, form, now)
    if phase in ("draft", "committed") and contest.opens_at and now < contest.opens_at:
        return _("The contest opens on %(when)s.", when=rules.when(contest.opens_at, timezone))
    if phase in ("closing", "closed"):
        return _("The contest closed on %(when)s. The draw follows.", when=rules.when(contest.closes_at, timezone))
    if phase == "drawn":
        return _("The contest is over, and the winners are drawn.")
    return ""


def data(session: Session, now: datetime, form: Form, site: Site) -> Mapping[str, Any]:
    contest = queries.of_form(session, form.id)
    if contest is None or contest.closes_at is None:
        return {}
    url = letters.form_url(site, form.slug)
    prizes = [
        (outcomes.prize_words(contest.terms, n), prize["count"]) for n, prize in enumerate(contest.terms["prizes"])
    ]
    return {
        "facts": [
            {"label": _("Closes"), "value": rules.when(contest.closes_at, contest.terms["timezone"])},
            {
                "label": _("Prizes"),
                "value": format_list(
                    [name if n == 1 else f"{n} × {name}" for name, n in prizes], "standard", i18n.language()
                ),
            },
        ],
        "links": [
            {"label": _("Rules"), "url": f"{url}/rules?lang={i18n.language()}"},
            {"label": _("How the draw works"), "url": f"{url}/draw?lang={i18n.language()}"},
        ],
        "closed_link": {
            "label": _("See the result") if contest.state == "drawn" else _("How the draw works"),
            "url": f"{url}/draw?lang={i18n.language()}",
        },
    }


def on_example(session: Session, now: datetime, form: Form, site: Site) -> None:
    """The demo's contest is open and closes three weeks from now; the demo's forms were made long before."""
    closes = local_of(clock.now() + timedelta(days=21), site.timezone).replace(hour=18, minute=0)
    form.settings = {**form.settings, "closes": closes.strftime("%Y-%m-%dT%H:%M")}
    version = select(FormVersion).where(FormVersion.form_id == form.id, FormVersion.version == form.version)
    session.scalars(version).one().settings = form.settings
    operations.keep_terms(session, now, form, site, {})


KIND = FormKind(
    name="contest",
    title=lazy_gettext("Contest with prize draw"),
    description=lazy_gettext("People enter with their address; winners are drawn so that anybody can check it."),
    purpose=queries.PURPOSE,
    texts={
        "title": lazy_gettext("Win with us"),
        "intro": lazy_gettext("Leave your address, confirm it, and you are in the draw."),
        "button": lazy_gettext("Take part"),
        "rules": "",
        "statement": lazy_gettext(
            "I take part by the rules of this contest, and agree that %(site)s uses my address for it: to confirm my "
            "entry, to send me its proof, and to tell me if I win."
        ),
        "statement_names": lazy_gettext(
            "I take part by the rules of this contest, and agree that %(site)s uses my address for it: to confirm my "
            "entry, to send me its proof, and to tell me if I win; and that, if I win, my first name and the initial "
            "of my last are published."
        ),
        "newsletter_statement": NEWSLETTER_STATEMENT,
    },
    asks=asks,
    on_accepted=operations.sent,
    on_confirmed=operations.enter,
    on_saved=operations.keep_terms,
    on_example=on_example,
    forget=operations.forget,
    held=queries.told_of,
    obstacles=obstacles,
    closed=closed,
    data=data,
    visitor_form=NamedVisitorForm,
    settings_form=Owner,
    defaults={
        "ask_name": True,
        "newsletter": False,
        "names": False,
        "tags": True,
        "dotless": "\n".join(rules.DOTLESS),
        "alternates": 3,
        "beacon": "",
        "prizes": [],
    },
    presets={
        "one": Preset(
            lazy_gettext("One prize"),
            lazy_gettext("One thing to win, three alternates."),
            {"prizes": [{"id": "prize1", "name": {"en": "A surprise", "ar": "مفاجأة"}, "count": 1}]},
        ),
        "three": Preset(
            lazy_gettext("Main prize and two more"),
            lazy_gettext("A first prize, and two smaller ones of a kind."),
            {
                "prizes": [
                    {"id": "prize1", "name": {"en": "First prize", "ar": "الجائزة الأولى"}, "count": 1},
                    {"id": "prize2", "name": {"en": "Second prize", "ar": "الجائزة الثانية"}, "count": 2},
                ]
            },
        ),
    },
    example=Preset(
        lazy_gettext("A blanket and two cups"),
        "",
        {
            "newsletter": True,
            "prizes": [
                {"id": "blanket1", "name": {"en": "A woollen blanket", "ar": "بطانية صوفية"}, "count": 1},
                {"id": "cups1", "name": {"en": "A hand-made cup", "ar": "فنجان مصنوع يدويًا"}, "count": 2},
            ],
            "texts": {
                "en": {
                    "title": "Win a woollen blanket",
                    "rules": "Anybody of age may take part, but for people who work for us. Winners are told by mail "
                    "and have 14 days to answer; else an alternate follows. Prizes are not paid out in money.",
                },
                "ar": {
                    "title": "اربح بطانية صوفية",
                    "rules": "يحق لكل من بلغ سن الرشد أن يشارك، ما عدا العاملين لدينا. نخبر الفائزين بالبريد ولهم ١٤ "
                    "يومًا للرد، وإلا حلّ محلهم الاحتياطي. لا تُصرف الجوائز نقدًا.",
                },
            },
        },
    ),
    manage="contest_console.contest",
    manage_label=lazy_gettext("Draw"),
)
