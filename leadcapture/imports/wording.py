"""What becomes of a row and why, in words, in the language of the moment."""

from __future__ import annotations

from leadcapture.i18n import gettext as _


def outcome_words(outcome: str) -> str:
    """What an outcome (rules.OUTCOMES) is called on a page."""
    return {
        "new": _("New contacts"),
        "quarantined": _("Into the quarantine"),
        "updated": _("Known, something is added"),
        "unchanged": _("Known, nothing changes"),
        "duplicate": _("The same address again in this file"),
        "withdrawn": _("Have unsubscribed, and stay so"),
        "suppressed": _("Cannot be mailed (bounced or complained), and stay so"),
        "erased": _("Were erased, and stay so"),
        "refused": _("Were asked and said no, and stay so"),
        "invalid": _("Cannot be read"),
    }[outcome]


def reason_words(reason: str) -> str:
    """Why, as a sentence."""
    return {
        "no_address": _("No address stands in this row."),
        "not_an_address": _("This is no e-mail address."),
        "too_long": _("This row is too long to be one person's."),
        "too_many_cells": _("This row has more cells than there are columns."),
        "consent_time": _(
            "The time of the consent cannot be read, or is yet to come. Write it with the year first: 2024-05-31 10:00."
        ),
        "duplicate": _("This address stood in the file before."),
        "bounce": _("Mail to this address bounced."),
        "complaint": _("This person complained about mail."),
        "suppressed": _("This address must not be mailed."),
        "erasure": _("This person was erased. Only they can come back, by themselves."),
        "refused": _("This person was asked once and said no. Only they can come back, by themselves."),
        "withdrawn": _("This person has withdrawn the consent. Only they can give it again."),
        "in_quarantine": _("This person is in the quarantine already."),
        "is_contact": _("This person is a contact already."),
        "known": _("All of this is known."),
        "cut_name": _("The name was too long and was cut."),
        "cut_phone": _("The phone number was too long and was cut."),
        "cut_attribute": _("A value was too long and was cut."),
    }[reason]


def ground_words(ground: str) -> str:
    """On what ground (asking.GROUNDS, or BOUGHT) an owner would ask people whose consent cannot be proven."""
    return {
        "customers": _(
            "They bought from us, gave the address with that order, and I ask about similar goods of our own "
            "(ePrivacy Directive art. 13(2); in Germany UWG §7(3))."
        ),
        "record_lost": _("They agreed once, but the record of it is lost or incomplete."),
        "members": _("They are members or contract partners of ours, and this is part of it."),
        "other": _("Another lawful ground."),
        "bought": _("The list was bought, rented, exchanged or collected from the web."),
    }[ground]
