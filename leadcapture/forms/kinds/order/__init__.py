"""An order request: the customer says how many of what, the shop accepts or declines. Numbered and mailed with every
item once the address is confirmed; until then the shop sees in the console alone that a request waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from leadcapture import i18n
from leadcapture.contacts.models import Contact
from leadcapture.errors import Invalid
from leadcapture.forms import letters, questions
from leadcapture.forms.kind import (
    NEWSLETTER_STATEMENT,
    Ask,
    Effects,
    Filled,
    FormKind,
    Preset,
    Settings,
    describe_fields,
    newsletter_asks,
    words,
)
from leadcapture.forms.kinds.order import operations, queries, rules, wording
from leadcapture.forms.kinds.order.fields import Owner, Visitor
from leadcapture.forms.models import Form
from leadcapture.forms.outcome import Outcome
from leadcapture.i18n import gettext as _
from leadcapture.i18n import lazy_gettext, ngettext
from leadcapture.sites.models import Site


def asks(settings: Settings) -> Sequence[Ask]:
    return (Ask("order", "notice", box=False), *newsletter_asks(settings))


def obstacles(site: Site, settings: Settings) -> Sequence[str]:
    found = []
    if not rules.offered(settings):
        found.append(_("There is nothing to order: list at least one of your goods."))
    if not all(words(row.get("label")) for row in (*rules.goods(settings), *rules.deliveries(settings))):
        found.append(_("One of the goods or deliveries has no name."))
    return found


def closed(session: Session, now: datetime, form: Form, site: Site) -> str:
    return "" if rules.offered(form.settings) else _("Nothing can be ordered at the moment.")


def on_confirmed(session: Session, now: datetime, filled: Filled, contact: Contact, effects: Effects) -> Outcome:
    order = operations.place(session, now, filled=filled, contact=contact, answers=_answers(filled))
    site, region = filled.site, filled.settings.get("phone_region") or ""
    receipt = wording.received(order, site)
    letters.send(
        session,
        now,
        site=site,
        to=filled.address,
        language=filled.language,
        outcome=receipt,
        subject=receipt.title,
        why=_("You get this e-mail because you sent an order request to %(site)s.", site=site.name),
        contact=contact,
        purpose=KIND.purpose,
        name=filled.name,
        about=order.public_id,
    )
    link = letters.console_url(filled.form_public_id, f"/orders/{order.public_id}")
    letters.tell_owner(
        session,
        now,
        site=site,
        subject=lambda: _("Order request no. %(number)s: %(total)s", number=order.number, total=wording.total(order)),
        outcome=lambda: wording.told(order, region, link),
        reply_to=filled.address.typed,
        about=order.public_id,
    )
    return receipt


def _answers(filled: Filled) -> list[tuple[str, str]]:
    """What the shop asked beside and what was answered, in the shop's language."""
    with i18n.speaking(filled.site.language):
        described = describe_fields(KIND.fields(filled.settings))
        own = [one for one in described if one["name"].startswith(questions.PREFIX) and one["name"] in filled.data]
        return [(one["label"], questions.answer_text(one, filled.data[one["name"]])) for one in own]


def compute(settings: Settings, data: Mapping[str, Any]) -> Outcome:
    asked = rules.bill(settings, data)
    if not asked.lines:
        first = next(iter(rules.offered(settings)), None)
        sentence = _("Say how many you want of at least one.")
        raise Invalid(sentence, fields={rules.field_of(first): [sentence]} if first else {})
    rows, total = wording.bill_rows(asked, settings["currency"])
    open_ = rules.deliveries(settings) and asked.delivery is None
    return Outcome(
        title=_("Your order so far"), rows=rows, total=total, note=_("Delivery is not chosen yet.") if open_ else ""
    )


def waiting(session: Session, form: Form) -> str:
    new = queries.counts(session, form.id)["new"]
    return ngettext("%(num)d new order", "%(num)d new orders", new) if new else ""


def data(session: Session, now: datetime, form: Form, site: Site) -> Mapping[str, Any]:
    settings = form.settings
    return {
        "currency": settings["currency"],
        "goods": [
            {"field": rules.field_of(good), "label": words(good.get("label")), "price": str(rules.amount_of(good))}
            for good in rules.offered(settings)
        ],
        "deliveries": {
            row["id"]: {"label": words(row.get("label")), "price": str(rules.amount_of(row))}
            for row in rules.deliveries(settings)
        },
        "minimum": str(rules.least(settings)),
        "words": {
            "title": _("Your order so far"),
            "total": _("Total"),
            "each": _("%(line)s at %(price)s"),
            "empty": _("Say how many you want: what it comes to stands here."),
            "undelivered": _("Delivery is not chosen yet."),
            "minimum": _("We take orders from %(amount)s on, without delivery."),
        },
    }


SHOP = Preset(
    title=lazy_gettext("A small shop"),
    about=lazy_gettext("Three goods, sent by post or picked up."),
    settings={
        "currency": "GBP",
        "phone_region": "GB",
        "minimum": "10.00",
        "countries": "GB, IE",
        "goods": [
            {
                "id": "honey500",
                "label": {"en": "Blossom honey, 500 g", "ar": "عسل الأزهار، 500 غ"},
                "about": {"en": "From our own hives, this year's.", "ar": "من خلايانا، حصاد هذا العام."},
                "price": "7.50",
                "most": 20,
                "available": True,
            },
            {
                "id": "candle01",
                "label": {"en": "Beeswax candle", "ar": "شمعة من شمع النحل"},
                "about": {"en": "Burns for about 30 hours.", "ar": "تضيء نحو 30 ساعة."},
                "price": "12.00",
                "most": 10,
                "available": True,
            },
            {
                "id": "spoon001",
                "label": {"en": "Honey spoon of olive wood", "ar": "ملعقة عسل من خشب الزيتون"},
                "about": {},
                "price": "4.95",
                "most": 10,
                "available": True,
            },
        ],
        "deliveries": [
            {"id": "bypost01", "label": {"en": "By post", "ar": "بالبريد"}, "price": "3.90", "pickup": False},
            {
                "id": "pickup01",
                "label": {"en": "I pick it up in the shop", "ar": "أستلمه من المتجر"},
                "price": "0.00",
                "pickup": True,
            },
        ],
    },
)

EXAMPLES = tuple(
    {
        **goods,
        "name": name,
        "email": email,
        "phone": "020 7946 0958",
        "street": "1 Hill Road",
        "postcode": "LS1 4DY",
        "city": "Leeds",
        "country": "GB",
    }
    for name, email, goods in (
        ("Ingrid", "ingrid@example.org", {"good_honey500": "2", "delivery": "bypost01"}),
        ("Mateo", "mateo@example.net", {"good_candle01": "1", "good_spoon001": "2", "delivery": "pickup01"}),
    )
)


def on_example_entries(session: Session, now: datetime, form: Form, site: Site) -> None:
    """The first order of the demo is accepted; the other is new."""
    first = queries.page(session, form.id)[0][-1]
    operations.change(
        session,
        now,
        site_id=site.id,
        form_public_id=form.public_id,
        public_id=first.public_id,
        seen="new",
        state="accepted",
        by="Bob",
        note="It leaves on Monday, in one parcel.",
        mail=True,
    )


KIND = FormKind(
    name="order",
    title=lazy_gettext("Order request"),
    description=lazy_gettext("People order your goods; you accept or decline. Numbered, with every item in the mail."),
    purpose="order",
    texts={
        "title": lazy_gettext("Order"),
        "intro": lazy_gettext("Choose what you would like. You pay nothing yet: first %(site)s accepts your order."),
        "button": lazy_gettext("Send the order request"),
        "notice": lazy_gettext(
            "By sending this you agree that %(site)s uses your details to answer and carry out your order."
        ),
        "newsletter_statement": NEWSLETTER_STATEMENT,
    },
    asks=asks,
    on_confirmed=on_confirmed,
    obstacles=obstacles,
    closed=closed,
    data=data,
    compute=compute,
    summary=wording.summary,
    forget=operations.forget,
    held=queries.told_of,
    visitor_form=Visitor,
    settings_form=Owner,
    defaults={
        "currency": "EUR",
        "goods": [],
        "deliveries": [],
        "minimum": None,
        "countries": "",
        "phone_required": True,
        "mail_accepted": True,
        "mail_declined": True,
        "mail_done": True,
        "newsletter": False,
    },
    presets={"shop": SHOP},
    example=Preset(title=lazy_gettext("Orders"), settings=SHOP.settings),
    example_entries=EXAMPLES,
    on_example_entries=on_example_entries,
    manage="order_console.orders",
    manage_label=lazy_gettext("Orders"),
    manage_role="operator",
    waiting=waiting,
)
