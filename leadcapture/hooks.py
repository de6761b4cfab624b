"""What an upper slice does when a lower one tells of something: no import runs upward, so it is said here, once, for
whatever process it happens in."""

from __future__ import annotations

from leadcapture.chat import sightings
from leadcapture.consent import operations as consent
from leadcapture.contacts import operations as contacts
from leadcapture.forms import mailed
from leadcapture.forms import queries as forms
from leadcapture.imports import asking
from leadcapture.mail import operations as mail
from leadcapture.privacy import preferences
from leadcapture.repermission import operations as repermission

# What stands above the chat knows more of a contact than the chat does.
sightings.of_contact.append(forms.told_of_contact)
# Who bounces is found out by the job that delivers; the contact of that address says so too.
mail.on_suppressed.append(contacts.suppress)
# What rests on a consent is looked at again right before it is handed over.
mail.wanted.append(preferences.mail_wanted)
# What was sent to ask for a confirmation is part of its proof.
mail.on_sent.append(mailed.note)
# Whoever withdraws a consent stops the mails that rest on it and have not left.
consent.on_withdrawn.append(preferences.withdrawn)
# Who is in the quarantine is asked once, never who came or left by themselves meanwhile; an answer ends it.
repermission.on_asking.append(asking.may_be_asked)
repermission.on_answered.append(asking.answered)
