"""Files: added, taken away, granted to people, downloaded."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from leadcapture import ids
from leadcapture.consent import queries as consent
from leadcapture.contacts import operations as contacts
from leadcapture.errors import Invalid, LeadCaptureError, NotFound
from leadcapture.forms import queries as forms
from leadcapture.forms.kinds.download import queries, rules
from leadcapture.forms.kinds.download.models import DownloadFile, DownloadGrant, DownloadTake
from leadcapture.forms.models import Form
from leadcapture.i18n import gettext as _
from leadcapture.i18n import language
from leadcapture.sites.models import Site

MOST_FILES = 20
PURPOSE = "download"


class Gone(LeadCaptureError):
    """A link that worked once; `again` says whether filling in the form again gives a new one."""

    status = 410
    code = "gone"

    def __init__(self, message: str, *, again: bool = False) -> None:
        super().__init__(message)
        self.again = again


def add_file(
    session: Session,
    now: datetime,
    *,
    site_id: int,
    form_public_id: str,
    name: str,
    content_type: str,
    size: int,
    stored: str,
) -> DownloadFile:
    """Have the form give a file that `uploads` keeps. Raises Invalid when it has too many or one of this name,
    NotFound."""
    form = _download_form(session, site_id, form_public_id)
    names = {each.name for each in queries.files(session, form.id)}
    if name in names:
        raise Invalid(_("There already is a file of this name. Remove that one first."))
    if len(names) >= MOST_FILES:
        raise Invalid(_("At most %(most)s files. Put them into one ZIP file.", most=MOST_FILES))
    file = DownloadFile(
        public_id=ids.new("file"),
        form_id=form.id,
        name=name,
        content_type=content_type,
        size=size,
        stored=stored,
        downloads=0,
        created_at=now,
    )
    session.add(file)
    session.flush()
    return file


def remove_file(session: Session, now: datetime, *, site_id: int, form_public_id: str, public_id: str) -> str:
    """Take a file away, from those who have links too; returns what `uploads` keeps it by, to be dropped after the
    commit. Raises NotFound."""
    form = _download_form(session, site_id, form_public_id)
    file = queries.file(session, form.id, public_id)
    if file is None:
        raise NotFound("No such file.")
    stored = file.stored
    session.execute(delete(DownloadFile).where(DownloadFile.id == file.id))
    return stored


def grant(
    session: Session, now: datetime, *, form_id: int, contact_id: int, submission: str, days: int
) -> DownloadGrant:
    """Let the contact download the form's files for so many days."""
    granted = DownloadGrant(
        form_id=form_id,
        contact_id=contact_id,
        submission=submission,
        expires_at=rules.expires_at(now, days),
        created_at=now,
    )
    session.add(granted)
    session.flush()
    return granted


def look(
    session: Session, now: datetime, *, site: Site, slug: str, submission: str, public_id: str
) -> tuple[DownloadFile, DownloadGrant]:
    """The file that a link leads to, and by what right.

    Raises Gone with a sentence when it does not lead there any more, NotFound for a link of another form.
    """
    form = forms.by_slug(session, site.id, slug)
    granted = queries.grant(session, form.id, submission)
    if granted is None:
        raise Gone(_("What it belonged to was erased."), again=True)
    file = queries.file(session, form.id, public_id)
    if file is None:
        raise Gone(_("%(site)s does not offer this file any more.", site=site.name))
    if granted.expires_at <= now:
        day = rules.day_words(granted.expires_at, site.timezone, language())
        raise Gone(_("It worked until %(day)s.", day=day), again=True)
    if PURPOSE not in consent.granted_purposes(session, granted.contact_id):
        raise Gone(_("You withdrew your consent, so the link was ended."), again=True)
    return file, granted


def count(session: Session, now: datetime, *, grant_id: int, file_id: int) -> bool:
    """Count a download, for the person and in all; whether it was one more, for what follows within a minute (a
    browser that asks twice, a link that is pressed twice) is still the same one."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    taken = dialect.insert(DownloadTake).values(grant_id=grant_id, file_id=file_id, count=1, last_at=now)
    counted = session.scalar(
        taken.on_conflict_do_update(
            index_elements=["grant_id", "file_id"],
            set_={"count": DownloadTake.count + 1, "last_at": now},
            where=DownloadTake.last_at <= now - rules.COUNTED_EVERY,
        ).returning(DownloadTake.id)
    )
    if counted is None:
        return False
    session.execute(update(DownloadFile).where(DownloadFile.id == file_id).values(downloads=DownloadFile.downloads + 1))
    contacts.heard_of(session, now, contact_id=session.get_one(DownloadGrant, grant_id).contact_id)
    return True


def forget(session: Session, now: datetime, contact_id: int) -> None:
    """Forget what the contact may download and did; how often files were downloaded in all stays."""
    mine = select(DownloadGrant.id).where(DownloadGrant.contact_id == contact_id)
    session.execute(delete(DownloadTake).where(DownloadTake.grant_id.in_(mine)))
    session.execute(delete(DownloadGrant).where(DownloadGrant.contact_id == contact_id))


def _download_form(session: Session, site_id: int, public_id: str) -> Form:
    form = forms.by_public_id(session, site_id, public_id)
    if form.kind != "download":
        raise NotFound("No such form.")
    return form
