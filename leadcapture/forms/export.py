"""The entries of a form as a CSV file."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.orm import Session

from leadcapture import clock
from leadcapture.contacts.export import line
from leadcapture.forms import kinds, queries
from leadcapture.forms.models import Form, Submission

COLUMNS = ("id", "sent_at", "state", "confirmed_at", "email", "name", "phone", "language", "page", "version")


def csv_rows(session: Session, form: Form) -> Iterator[str]:
    """The lines of the file, each with its line end, the header first: what is known of every entry, newest first,
    then what was filled in, a column for each label in the language of the moment. No cell is taken for a formula by
    a spreadsheet."""
    settings = {seen.version: seen.settings for seen in queries.versions(session, form.id)}
    kind = kinds.by_name(form.kind)

    def filled_in(sent: Submission) -> dict[str, str]:
        texts: dict[str, str] = {}
        for label, value in kind.summarise(settings.get(sent.form_version, form.settings), sent.data):
            texts[label] = f"{texts[label]}; {value}" if label in texts else value
        return texts

    # What labels there are is known only at the end: the first look finds them, the second writes.
    labels = list(
        dict.fromkeys(label for sent in queries.every_submission(session, form.id) for label in filled_in(sent))
    )
    yield line((*COLUMNS, *labels))
    for sent in queries.every_submission(session, form.id):
        texts = filled_in(sent)
        known = [
            sent.public_id,
            clock.wire(sent.created_at),
            sent.status,
            clock.wire_or_none(sent.confirmed_at) or "",
            sent.email,
            sent.name,
            sent.phone,
            sent.language,
            sent.page_url,
            str(sent.form_version),
        ]
        yield line([*known, *(texts.get(label, "") for label in labels)])
