"""Downloads: what may be uploaded, who gets it by which link, and for how long."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from leadcapture import addresses, clock, db, filetypes
from leadcapture.consent import operations as consent
from leadcapture.contacts import operations as contacts
from leadcapture.contacts.models import Contact
from leadcapture.forms import operations as forms
from leadcapture.forms.kinds.download import due, example, operations, rules
from leadcapture.forms.kinds.download.models import DownloadFile, DownloadGrant, DownloadTake
from leadcapture.forms.models import Form
from leadcapture.settings import Settings
from tests.conftest import add_people
from tests.forms.conftest import Visitor, count

PDF = example.guide("Demo shop (and more)")


def archive(**parts: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        for name, text in parts.items():
            made.writestr(name.replace("__", "/"), text)
    return content.getvalue()


@pytest.fixture
def form(make_form, visitor) -> Form:
    return make_form("download")


@pytest.fixture
def put(form: Form, signed_in) -> Callable[..., Any]:
    """alice uploads a file on the form's page."""
    alice = signed_in("alice")

    def upload(name: str = "Guide.pdf", content: bytes = PDF, browser: FlaskClient | None = None) -> Any:
        return (browser or alice).post(
            f"/console/forms/{form.public_id}/files",
            data={"file": (io.BytesIO(content), name, "application/octet-stream")},
            content_type="multipart/form-data",
        )

    return upload


@pytest.fixture
def claim(visitor: Visitor, confirm: Callable[[str], Any]) -> Callable[..., dict[str, Any]]:
    """Fills in the form and confirms; what the panel that is still open is told."""

    def fill(address: str = "dora@example.net") -> dict[str, Any]:
        sent = visitor.send("download", email=address)
        assert sent.status_code == 202, sent.json
        confirm(address)
        result: dict[str, Any] = visitor.state(sent).json["result"]
        return result

    return fill


def path_of(result: dict[str, Any], number: int = 0) -> str:
    return str(result["links"][number]["url"]).removeprefix("http://127.0.0.1:8000")


def kept(settings: Settings) -> list[Path]:
    folder = settings.instance / "uploads"
    return sorted(path for path in folder.rglob("*") if path.is_file())


def downloads() -> int:
    with db.read() as session:
        return int(session.scalar(select(DownloadFile.downloads)) or 0)


class TestGetting:
    def test_the_links_come_after_the_confirmation_in_the_open_panel_and_by_mail(
        self, put, visitor: Visitor, confirm, letters, client
    ) -> None:
        put()
        sent = visitor.send("download", email="dora@example.net")
        assert letters("dora@example.net") == []
        page = confirm("dora@example.net")
        result = visitor.state(sent).json["result"]
        assert [link["label"] for link in result["links"]] == ["Guide.pdf (1 kB)"]
        assert result["links"][0]["url"] in page.text
        [letter] = letters("dora@example.net")
        assert result["links"][0]["url"] in letter.text

        answer = client.get(path_of(result))
        assert answer.status_code == 200
        assert answer.data == PDF
        assert answer.mimetype == "application/pdf"

    def test_it_is_saved_and_never_shown_or_kept_on_the_way(self, put, claim, client) -> None:
        put("Küche “neu”.pdf")
        headers = client.get(path_of(claim())).headers
        assert headers["Content-Disposition"].startswith("attachment;")
        assert "filename*=UTF-8''K%C3%BCche%20%E2%80%9Cneu%E2%80%9D.pdf" in headers["Content-Disposition"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "no-store" in headers["Cache-Control"]
        assert "sandbox" in headers["Content-Security-Policy"]
        assert headers["Referrer-Policy"] == "no-referrer"

    def test_several_files_are_all_given(self, put, claim, client) -> None:
        put("One.pdf")
        put("Two.zip", archive(readme="Hello"))
        result = claim()
        assert len(result["links"]) == 2
        assert client.get(path_of(result, 1)).mimetype == "application/zip"

    def test_without_a_file_the_form_takes_nothing(self, form: Form, visitor: Visitor, put, signed_in) -> None:
        assert visitor.send("download", email="dora@example.net").json["error"]["code"] == "closed"
        put()
        assert visitor.send("download", email="dora@example.net").status_code == 202

    def test_when_the_files_went_in_between_it_is_said(self, put, form, visitor, confirm, letters) -> None:
        put()
        sent = visitor.send("download", email="dora@example.net")
        db.write(lambda session: session.execute(DownloadFile.__table__.delete()))
        assert "nothing to download" in confirm("dora@example.net").text
        assert "links" not in visitor.state(sent).json["result"]
        assert letters("dora@example.net") == []

    def test_the_newsletter_is_a_box_of_its_own(self, make_form, visitor: Visitor) -> None:
        make_form("download", newsletter=True)
        described = visitor.describe("download").json
        assert described["notice"]["purpose"] == "download"
        assert [(box["purpose"], box["required"]) for box in described["consents"]] == [("newsletter", False)]


class TestLinks:
    @pytest.fixture
    def link(self, put, claim) -> str:
        put()
        return path_of(claim())

    def test_a_link_ends_with_its_days(self, link: str, client) -> None:
        end = clock.now() + timedelta(days=7)
        with db.read() as session:
            expires_at = session.scalar(select(DownloadGrant.expires_at))
        assert abs(expires_at - end) < timedelta(minutes=1)
        db.write(lambda session: session.execute(update(DownloadGrant).values(expires_at=clock.now())))
        over = client.get(link)
        assert over.status_code == 410
        assert "It worked until" in over.text
        assert "/f/" in over.text, "the way to a new one"
        assert over.headers["Cache-Control"] == "no-store"

    def test_who_withdrew_has_no_link_any_more(self, link: str, client) -> None:
        with db.read() as session:
            contact = session.scalar(select(Contact))
        db.write(consent.withdraw, clock.now(), contact=contact, method="preferences", purpose="newsletter")
        assert client.get(link).status_code == 200, "that was about something else"
        db.write(consent.withdraw, clock.now(), contact=contact, method="preferences", purpose="download")
        gone = client.get(link)
        assert gone.status_code == 410
        assert "withdrew your consent" in gone.text

    def test_who_was_erased_has_no_link_any_more(self, link: str, client) -> None:
        client.get(link)
        with db.read() as session:
            contact = session.scalar(select(Contact.id))
        db.write(operations.forget, clock.now(), contact)
        assert "was erased" in client.get(link).text
        assert (count(DownloadGrant), count(DownloadTake)) == (0, 0)
        assert downloads() == 1, "that it was downloaded stays"

    def test_a_file_that_was_taken_away_is_gone_for_those_with_links_too(
        self, link: str, client, form, signed_in, settings
    ) -> None:
        with db.read() as session:
            file = session.scalar(select(DownloadFile.public_id))
        signed_in("alice").post(f"/console/forms/{form.public_id}/files/{file}/remove")
        gone = client.get(link)
        assert gone.status_code == 410
        assert "does not offer this file any more" in gone.text
        assert kept(settings) == []

    def test_an_archived_form_keeps_what_it_promised(self, link: str, client, form) -> None:
        db.write(forms.archive, clock.now(), site_id=form.site_id, public_id=form.public_id)
        assert client.get(link).status_code == 200

    def test_a_forged_or_borrowed_link_leads_nowhere(self, link: str, client, people, make_form) -> None:
        make_form("download", slug="other")
        path, _slash, token = link.rpartition("/")
        changed = "A" if token[-10] != "A" else "B"
        for wrong in (
            f"{path}/{token[:-10]}{changed}{token[-9:]}",
            f"{path}/nothing",
            link.replace(people.site.key, people.other_site.key),
        ):
            assert client.get(wrong).status_code == 404
        assert client.get(link.replace("/download/files/", "/other/files/")).status_code == 410

    def test_downloads_are_counted_once_a_minute_for_each_person(self, link: str, client) -> None:
        client.head(link)
        client.get(link, headers={"Sec-Purpose": "prefetch;prerender"})
        assert downloads() == 0, "nobody has downloaded anything yet"
        for _time in range(3):
            client.get(link)
        assert downloads() == 1
        long_ago = clock.now() - timedelta(minutes=2)
        db.write(lambda session: session.execute(update(DownloadTake).values(last_at=long_ago)))
        client.get(link)
        assert downloads() == 2
        with db.read() as session:
            assert session.scalar(select(DownloadTake.count)) == 2

    def test_a_file_lost_from_the_disk_is_no_crash(self, link: str, client, settings) -> None:
        kept(settings)[0].unlink()
        assert client.get(link).status_code == 410


def test_downloads_at_the_same_moment_count_once(either_database, now) -> None:
    """Whichever database: the row decides."""
    people = db.write(add_people, now)

    def made(session) -> tuple[int, int]:
        form = forms.create(session, now, site_id=people.site.id, kind="download")
        contact = contacts.upsert_confirmed(
            session, now, site_id=people.site.id, address=addresses.parse("dora@example.net")
        )
        file = operations.add_file(
            session, now, site_id=people.site.id, form_public_id=form.public_id, name="A.pdf",
            content_type="application/pdf", size=1, stored="x",
        )  # fmt: skip
        granted = operations.grant(session, now, form_id=form.id, contact_id=contact.id, submission="sub_1", days=1)
        return granted.id, file.id

    grant_id, file_id = db.write(made)
    moments = [now, now, now + timedelta(seconds=59), now + timedelta(seconds=60)]
    counted = [db.write(operations.count, at, grant_id=grant_id, file_id=file_id) for at in moments]
    assert counted == [True, False, False, True]
    assert downloads() == 2


class TestUploading:
    def test_a_file_is_kept_under_a_random_name_that_only_we_can_read(self, put, settings: Settings) -> None:
        assert put("Guide.pdf").status_code == 302
        [file] = kept(settings)
        assert re.fullmatch(r"[0-9a-f]{32}", file.name)
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.parent.stat().st_mode & 0o777 == 0o700
        assert file.read_bytes() == PDF

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("Sheet.xlsx", archive(xl__workbook="", **{"xl__workbook.xml": "<workbook/>"})),
            ("Letter.docx", archive(**{"word__document.xml": "<w/>"})),
            ("Book.epub", archive(mimetype="application/epub+zip", content="x")),
            ("Text.odt", archive(mimetype="application/vnd.oasis.opendocument.text")),
            ("Picture.PNG", b"\x89PNG\r\n\x1a\n" + bytes(40)),
            ("Photo.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(40)),
            ("Song.mp3", b"ID3\x03" + bytes(40)),
            ("Film.mp4", b"\x00\x00\x00\x20ftypisom" + bytes(40)),
        ],
    )
    def test_what_people_give_away_is_taken(self, put, name: str, content: bytes) -> None:
        assert put(name, content).status_code == 302
        with db.read() as session:
            file = session.scalar(select(DownloadFile))
        assert file.name == name
        assert file.content_type == filetypes.type_of(name, rules.ENDINGS).content_type

    @pytest.mark.parametrize(
        ("name", "content", "sentence"),
        [
            ("page.html", b"<html><script>alert(1)</script>", "this type are not taken"),
            ("page.pdf", b"<html><script>alert(1)</script></html>", "not what its name says"),
            ("page.pdf", b"\n\n<!doctype html><script>alert(1)</script>", "not what its name says"),
            ("logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "this type are not taken"),
            ("logo.png", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "not what its name says"),
            ("run.js", b"alert(1)", "this type are not taken"),
            ("run.exe", b"MZ" + bytes(60), "this type are not taken"),
            ("run.pdf", b"MZ" + bytes(60), "not what its name says"),
            ("noname", PDF, "this type are not taken"),
            (".pdf", PDF, "this type are not taken"),
            ("empty.pdf", b"", "is empty"),
            ("", PDF, "Choose a file"),
            ("fake.docx", archive(readme="no document"), "not what its name says"),
            ("fake.epub", archive(mimetype="text/html"), "not what its name says"),
            ("broken.zip", b"PK\x03\x04" + bytes(60), "not what its name says"),
            ("random.pdf", bytes(range(256)), "not what its name says"),
        ],
    )
    def test_hostile_files_are_refused_with_a_sentence_and_leave_nothing(
        self, put, settings: Settings, name: str, content: bytes, sentence: str
    ) -> None:
        refused = put(name, content)
        assert refused.status_code == 422
        assert sentence in refused.text
        assert kept(settings) == []
        assert count(DownloadFile) == 0

    def test_a_broken_archive_is_no_zip(self, tmp_path: Path) -> None:
        broken = tmp_path / "broken"
        broken.write_bytes(archive(a="x" * 100)[:-30])
        assert not filetypes.keeps_promise(broken, filetypes.TYPES["docx"])
        assert not filetypes.keeps_promise(broken, filetypes.TYPES["epub"])

    @pytest.mark.parametrize(
        ("given", "name"),
        [
            ("../../etc/Guide.pdf", "Guide.pdf"),
            ("C:\\Users\\alice\\Guide.pdf", "Guide.pdf"),
            ("..\\..\\Guide.pdf", "Guide.pdf"),
            ("a\u202efdp.exe.pdf", "afdp.exe.pdf"),
            ('<img src=x>".pdf', "-img src=x--.pdf"),
            ("line\r\nSet-Cookie: x=1.pdf", "lineSet-Cookie- x=1.pdf"),
            ("  .hidden.pdf. ", "hidden.pdf"),
        ],
    )
    def test_names_are_cleaned(self, put, settings: Settings, given: str, name: str) -> None:
        assert filetypes.clean_name(given) == name
        if not set(given) & set('\r"'):  # no browser sends these as they are
            assert put(given).status_code == 302
            assert len(kept(settings)) == 1
            assert {path.name for path in settings.instance.iterdir()} <= {
                "uploads", "leadcapture.db", "leadcapture.db-wal", "leadcapture.db-shm",
            }  # fmt: skip

    @given(st.text(max_size=300))
    @hypothesis_settings(max_examples=60)
    def test_no_name_is_a_path_or_too_long(self, given: str) -> None:
        name = filetypes.clean_name(given)
        assert len(name) <= filetypes.LONGEST_NAME
        assert not set(name) & set('/\\\0\r\n"<>:|?*')
        assert not name.startswith(".")
        assert name == filetypes.clean_name(name)

    def test_a_file_of_that_name_is_there_already(self, put, settings: Settings) -> None:
        put()
        again = put()
        assert "already is a file of this name" in again.text
        assert len(kept(settings)) == 1

    def test_not_more_files_than_fit_on_a_page(self, put) -> None:
        for number in range(operations.MOST_FILES):
            assert put(f"{number}.pdf").status_code == 302
        assert "At most 20 files" in put("more.pdf").text

    def test_charlie_and_bob_get_none_of_it(self, put, form: Form, signed_in, settings: Settings) -> None:
        put()
        with db.read() as session:
            file = session.scalar(select(DownloadFile.public_id))
        page = f"/console/forms/{form.public_id}/files"
        for name, status in (("charlie", 404), ("bob", 403)):
            browser = signed_in(name)
            assert browser.get(page).status_code == status
            assert browser.get(f"{page}/{file}").status_code == status
            assert put("mine.pdf", browser=browser).status_code == status
            assert browser.post(f"{page}/{file}/remove").status_code == status
        assert len(kept(settings)) == 1

    def test_the_page_says_how_often_and_by_whom(self, put, claim, client, form: Form, signed_in) -> None:
        put()
        link = path_of(claim())
        client.get(link)
        page = signed_in("alice").get(f"/console/forms/{form.public_id}/files").text
        assert "dora@example.net" in page
        assert "Downloads: </span>1</td>" in page
        with db.read() as session:
            file = session.scalar(select(DownloadFile.public_id))
        look = signed_in("alice").get(f"/console/forms/{form.public_id}/files/{file}")
        assert look.data == PDF
        assert downloads() == 1, "the owner's look is none"


class TestLargeFiles:
    @pytest.fixture
    def environ(self, environ: dict[str, str]) -> dict[str, str]:
        return {**environ, "LEADCAPTURE_UPLOAD_MB": "2"}

    def test_a_file_may_be_as_large_as_the_setting_says(self, put, settings: Settings) -> None:
        assert put(content=PDF + bytes(1_900_000)).status_code == 302, "more than any other form may be"
        just_over = put("More.pdf", PDF + bytes(2_000_000))
        assert (just_over.status_code, "larger than 2 MB" in just_over.text) == (413, True)
        far_over = put("More.pdf", PDF + bytes(100_000_000))
        assert (far_over.status_code, "larger than 2 MB" in far_over.text) == (413, True)
        assert len(kept(settings)) == 1

    def test_only_who_is_signed_in_and_only_here_may_send_so_much(self, put, form: Form, client, signed_in) -> None:
        large = PDF + bytes(1_900_000)
        assert put(content=large, browser=client).status_code in (302, 413)
        assert count(DownloadFile) == 0
        other = signed_in("alice").post("/console/forms/new", data={"kind": "download", "x": "x" * 1_900_000})
        assert other.status_code == 413


def test_the_guide_of_the_demo_is_a_pdf(tmp_path: Path) -> None:
    path = tmp_path / "guide"
    path.write_bytes(PDF)
    assert filetypes.keeps_promise(path, filetypes.TYPES["pdf"])
    start = int(re.search(rb"startxref\n(\d+)\n%%EOF", PDF)[1])
    assert PDF[start:].startswith(b"xref\n0 5\n")
    offsets = [int(offset) for offset in re.findall(rb"^(\d{10}) 00000 n $", PDF, re.MULTILINE)]
    assert [PDF[offset:].split(b" ", 1)[0] for offset in offsets] == [b"1", b"2", b"3", b"4"]


def test_what_a_broken_off_upload_left_is_swept_and_nothing_else(put, settings: Settings) -> None:
    put()
    [file] = kept(settings)
    left = file.parent / "receiving" / ("5e" * 16 + ".part")
    left.write_bytes(b"half a guide")
    now = clock.now()
    due.run(now)
    assert left in kept(settings), "it may just have begun"
    due.run(now + timedelta(hours=1))
    assert kept(settings) == [file]
