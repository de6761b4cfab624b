"""Files in the chat: what is taken, who gets it, what hostile ones come to, and when they are gone."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import delete, select, update
from werkzeug.test import TestResponse

from leadcapture import clock, db
from leadcapture.chat import blocking, editing, files, posting, protocol, thumbnails
from leadcapture.chat.models import ChatFile, Conversation, Message
from leadcapture.chat.sockets import visitor
from leadcapture.errors import NotFound
from leadcapture.settings import Settings
from leadcapture.sites.models import Site
from tests.conftest import add_people

SHOP = "https://shop.example.org"
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def image(form: str = "PNG", size: tuple[int, int] = (30, 20), mode: str = "RGB", **more: Any) -> bytes:
    content = io.BytesIO()
    Image.new(mode, size, "red").save(content, form, **more)
    return content.getvalue()


def archive(*, compress: bool = False, **parts: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED) as made:
        for name, text in parts.items():
            made.writestr(name.replace("__", "/").replace("_DOT_", "."), text)
    return content.getvalue()


def document(**more: bytes) -> bytes:
    return archive(word__document_DOT_xml=b"<w/>", **more)


def pixel_bomb(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes that says it is as large as that."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(99))) + chunk(b"IEND", b"")
    )


@pytest.fixture
def kept(settings: Settings) -> Callable[[], list[Path]]:
    """What lies in the folder of uploads."""
    folder = settings.instance / "uploads"
    return lambda: sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def send(client: FlaskClient, people: SimpleNamespace) -> Callable[..., TestResponse]:
    """A visitor's browser sends a file from a page of the shop."""

    def upload(
        name: str = "photo.png", content: bytes | None = None, *, token: str = "", site: Any = None, **headers: str
    ) -> TestResponse:
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        return client.post(
            f"/v1/{(site or people.site).key}/chat/files",
            data={"file": (io.BytesIO(image() if content is None else content), name)},
            content_type="multipart/form-data",
            headers={"Origin": SHOP} | bearer | headers,
        )

    return upload


@pytest.fixture
def say(client: FlaskClient, people: SimpleNamespace) -> Callable[..., TestResponse]:
    """A visitor says something, with a file."""

    def post(token: str, file: str = "", body: str = "", client_id: str = "m1") -> TestResponse:
        return client.post(
            f"/v1/{people.site.key}/chat/messages",
            json={"client_id": client_id, "body": body, "file": file},
            headers={"Authorization": f"Bearer {token}"},
        )

    return post


@pytest.fixture
def sent(send: Callable[..., TestResponse], say: Callable[..., TestResponse]) -> dict[str, Any]:
    """A picture that went out with a message; with the visitor's token and the message's id."""
    uploaded = send().json
    answer = say(uploaded["token"], uploaded["file"]["id"])
    assert answer.status_code == 200, answer.json
    return {**uploaded["file"], "token": uploaded["token"], "message": answer.json["id"]}


@pytest.fixture
def operator(app: Any, people: SimpleNamespace) -> Callable[[str], FlaskClient]:
    def browser(name: str) -> FlaskClient:
        made = app.test_client()
        with made.session_transaction() as cookie:
            cookie["operator"], cookie["epoch"] = getattr(people, name).public_id, getattr(people, name).session_epoch
        return made

    return browser


def csrf(browser: FlaskClient) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/console/account").text)
    assert found
    return found[1]


def send_as_operator(
    browser: FlaskClient,
    content: bytes = PDF,
    token: str | None = None,
    conversation: str = "",
) -> TestResponse:
    return browser.post(
        "/console/inbox/files",
        data={"file": (io.BytesIO(content), "Invoice.pdf"), "conversation": conversation},
        content_type="multipart/form-data",
        headers={"X-CSRFToken": csrf(browser) if token is None else token, "Accept": "application/json"},
    )


class TestBothWays:
    def test_a_picture_goes_to_the_operators_with_a_thumbnail_of_our_own(self, send, say, client, people) -> None:
        uploaded = send("Küche.png", image(size=(1600, 1200)))
        assert uploaded.status_code == 201
        assert uploaded.headers["Access-Control-Allow-Origin"] == SHOP
        told = uploaded.json["file"]
        assert (told["name"], told["type"]) == ("Küche.png", "image/png")
        assert (told["thumb"]["width"], told["thumb"]["height"]) == (640, 480)
        posted = say(uploaded.json["token"], told["id"]).json
        path = f"/v1/{people.site.key}/chat/messages?after_seq=0"
        bearer = {"Authorization": f"Bearer {posted['token']}"}
        [message] = client.get(path, headers=bearer).json["messages"]
        assert message["body"] == ""
        assert message["file"] == told
        assert client.get(told["url"]).data == image(size=(1600, 1200))

    def test_a_file_is_saved_and_never_shown_as_a_page(self, sent, client) -> None:
        headers = client.get(sent["url"]).headers
        assert headers["Content-Disposition"].startswith("attachment;")
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert headers["Cache-Control"] == "private, no-store"

    def test_a_thumbnail_is_an_image_and_nothing_else(self, sent, client) -> None:
        small = client.get(sent["thumb"]["url"])
        assert small.mimetype == "image/webp"
        assert small.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in small.headers["Content-Security-Policy"]
        assert small.headers["Cache-Control"].startswith("private, max-age=")
        assert Image.open(io.BytesIO(small.data)).size == (30, 20)

    def test_an_operator_sends_one_back(self, sent, operator, people, client) -> None:
        bob = operator("bob")
        with db.read() as session:
            conversation = session.scalar(select(Conversation.public_id))
        uploaded = send_as_operator(bob, conversation=conversation)
        assert uploaded.status_code == 201, uploaded.json
        file = uploaded.json["file"]
        posted = db.write(
            posting.by_operator, clock.now(), operator_id=people.bob.id, epoch=people.bob.session_epoch,
            conversation=conversation, incoming=protocol.Incoming("o1", "Here it is", file=file["id"]), kind="reply",
        )  # fmt: skip
        assert posted.message.for_visitor()["file"] == file
        assert client.get(file["url"]).data == PDF

    @pytest.mark.parametrize(
        ("name", "content", "kind"),
        [
            ("photo.jpg", image("JPEG"), "image/jpeg"),
            ("moving.gif", image("GIF"), "image/gif"),
            ("picture.webp", image("WEBP"), "image/webp"),
            ("see-through.png", image("PNG", mode="RGBA"), "image/png"),
            ("Invoice.pdf", PDF, "application/pdf"),
            ("notes.txt", "Grüße\n٣ شكرا\n".encode(), "text/plain"),
            ("Letter.docx", document(), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
            ("List.ods", archive(mimetype=b"application/vnd.oasis.opendocument.spreadsheet"),
             "application/vnd.oasis.opendocument.spreadsheet"),
        ],
    )  # fmt: skip
    def test_what_people_send_each_other_is_taken(self, send, name: str, content: bytes, kind: str) -> None:
        answer = send(name, content)
        assert answer.status_code == 201, answer.json
        assert (answer.json["file"]["name"], answer.json["file"]["type"]) == (name, kind)
        assert (answer.json["file"]["thumb"] is not None) == kind.startswith("image/")

    @pytest.mark.parametrize(("name", "called"), [("photo.png", "photo.jpg"), ("blob", "blob.jpg"), ("", "image.jpg")])
    def test_a_photograph_under_another_name_is_called_what_it_is(
        self, tmp_path, database, name: str, called: str
    ) -> None:
        taken = files.take_in(io.BytesIO(image("JPEG")), name, 1_000_000)
        assert (taken.name, taken.content_type) == (called, "image/jpeg")

    def test_the_config_says_what_may_be_sent(self) -> None:
        assert "image/png" in files.accepted()
        assert len(set(files.accepted())) == len(files.accepted())
        assert not {"text/html", "image/svg+xml", "application/zip"} & set(files.accepted())


class TestThumbnails:
    def test_what_the_camera_wrote_down_is_dropped_and_how_it_was_held_is_followed(self, tmp_path: Path) -> None:
        exif = Image.Exif()
        exif[0x0112], exif[0x010E], exif[0x8825] = 6, "secret place", {1: "N"}  # turned by 90°, a description, GPS
        (tmp_path / "photo").write_bytes(image("JPEG", (200, 100), exif=exif))
        small = thumbnails.made(tmp_path / "photo")
        assert (small.width, small.height) == (100, 200)
        again = Image.open(io.BytesIO(small.content))
        assert (again.format, again.size, dict(again.getexif())) == ("WEBP", (100, 200), {})
        assert b"secret place" not in small.content

    def test_what_hangs_on_behind_the_picture_is_not_in_it(self, tmp_path: Path) -> None:
        (tmp_path / "photo").write_bytes(image("GIF") + b"<script>alert(1)</script>")
        assert b"script" not in thumbnails.made(tmp_path / "photo").content

    @pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
    def test_every_kind_of_pixels_is_drawn(self, tmp_path: Path, mode: str) -> None:
        Image.new(mode, (700, 70)).save(tmp_path / "any", "JPEG" if mode == "CMYK" else "PNG")
        small = thumbnails.made(tmp_path / "any")
        assert (small.width, small.height) == (640, 64)


class TestHostileFiles:
    @pytest.mark.parametrize(
        ("name", "content", "sentence"),
        [
            ("page.html", b"<html><script>alert(1)</script>", "Files of this type are not taken"),
            ("page.png", b"<html><script>alert(1)</script></html>", "not what its name says (page.png)"),
            ("page.png", b"\x89PNG\r\n\x1a\n<script>alert(1)</script>", "This image cannot be read"),
            ("logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "this type are not taken"),
            ("logo.png", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "not what its name says"),
            ("half.jpg", image("JPEG", (400, 400))[:800], "This image cannot be read"),
            ("run.exe", b"MZ" + bytes(60), "Files of this type are not taken"),
            ("run.txt", b"MZ\x00\x01" + bytes(60), "not what its name says"),
            ("latin.txt", "Grüße".encode("latin-1"), "not what its name says"),
            ("pic.png\u202egpj.exe", image(), "Files of this type are not taken"),
            ("all.zip", archive(a=b"x"), "Files of this type are not taken"),
            ("table.csv", b"=cmd|' /C calc'!A0", "Files of this type are not taken"),
            ("macros.docm", document(), "Files of this type are not taken"),
            ("macros.docx", document(word__vbaProject_DOT_bin=b"x"), "carries macros or unpacks to too much"),
            ("macros.odt", archive(mimetype=b"application/vnd.oasis.opendocument.text", Basic__x_DOT_xml=b"x"),
             "carries macros"),
            ("fake.docx", archive(readme=b"no document"), "not what its name says"),
            ("bomb.docx", archive(compress=True, word__document_DOT_xml=bytes(40_000_000)), "unpacks to too much"),
            ("pixels.png", pixel_bomb(30_000, 30_000), "more than 50 million pixels"),
            ("pixels.png", pixel_bomb(7_000, 6_000), "more than 36 million pixels"),
            ("pixels.png", pixel_bomb(2**31 - 1, 2**31 - 1), "more than 50 million pixels"),
            ("wide.png", pixel_bomb(60_000_000, 1), "more than 50 million pixels"),
            ("empty.pdf", b"", "is empty"),
        ],
    )  # fmt: skip
    def test_each_is_refused_with_a_sentence_and_leaves_nothing(
        self, send, kept, capfd, name: str, content: bytes, sentence: str
    ) -> None:
        refused = send(name, content)
        assert refused.status_code == 422
        assert sentence in refused.json["error"]["message"]
        assert capfd.readouterr().err == "", "no log names a visitor's file"
        assert refused.headers["Access-Control-Allow-Origin"] == SHOP, "the page may read the sentence"
        assert kept() == []
        with db.read() as session:
            assert session.scalar(select(ChatFile.id)) is None

    def test_parts_that_lie_over_one_another_are_seen(self, send) -> None:
        content = bytearray(document(a=bytes(1000)))
        # Every entry of the list says that its part is as long as the whole file.
        at = content.find(b"PK\x01\x02")
        while at >= 0:
            content[at + 20 : at + 24] = struct.pack("<I", len(content))
            at = content.find(b"PK\x01\x02", at + 1)
        assert "unpacks to too much" in send("over.docx", bytes(content)).json["error"]["message"]

    def test_a_list_of_contents_longer_than_any_documents_is_not_read(self, send) -> None:
        content = bytearray(document())
        at = content.rfind(b"PK\x05\x06")
        content[at + 10 : at + 12] = struct.pack("<H", 60_000)
        assert "unpacks to too much" in send("long.docx", bytes(content)).json["error"]["message"]

    @pytest.mark.parametrize(
        ("given", "name"),
        [
            ("../../etc/photo.png", "photo.png"),
            ("..\\..\\photo.png", "photo.png"),
            ("a\u202egnp.exe.png", "agnp.exe.png"),
            ("<img src=x onerror=1>.png", "-img src=x onerror=1-.png"),
            ("\u0007bell\u0000.png", "bell.png"),
            ("x" * 300 + ".png", "x" * 116 + ".png"),
        ],
    )
    def test_a_name_that_leads_elsewhere_or_deceives_is_a_plain_one_afterwards(
        self, database, kept, given: str, name: str
    ) -> None:
        assert files.take_in(io.BytesIO(image()), given, 1_000_000).name == name
        assert all(re.fullmatch("[0-9a-f]{32}", path.name) for path in kept())

    def test_a_hundred_megabytes_are_refused_before_they_are_read(self, client, people, kept) -> None:
        class Untouchable(io.BytesIO):
            at = 0

            def seek(self, offset: int, whence: int = 0) -> int:
                self.at = offset if whence == 0 else 100_000_000
                return self.at

            def tell(self) -> int:
                return self.at

            def read(self, *_size: object) -> bytes:
                raise AssertionError("the body was read")

            readinto = readline = read1 = read  # type: ignore[assignment]

        refused = client.post(
            f"/v1/{people.site.key}/chat/files",
            input_stream=Untouchable(),
            content_type="multipart/form-data; boundary=x",
        )
        assert refused.status_code == 413
        assert refused.json["error"] == {
            "code": "too_large", "message": "This file is larger than 10 MB. Choose a smaller one.",
        }  # fmt: skip
        assert kept() == []

    def test_one_byte_too_many_is_too_many(self, send, people) -> None:
        change_chat(people, file_mb=1)
        assert send("a.txt", b"x" * 1_000_000).status_code == 201
        refused = send("b.txt", b"x" * 1_000_001)
        assert (refused.status_code, refused.json["error"]["code"]) == (413, "too_large")
        assert "larger than 1 MB" in refused.json["error"]["message"]

    def test_an_upload_without_a_file_says_so(self, client, people) -> None:
        nothing = client.post(f"/v1/{people.site.key}/chat/files", data={"file": "text"})
        assert nothing.status_code == 422
        assert nothing.json["error"]["message"] == "Choose a file first."


def change_chat(people: SimpleNamespace, **chat: Any) -> None:
    db.write(lambda session: session.execute(update(Site).where(Site.id == people.site.id).values(chat=chat)))


class TestWhoMay:
    def test_only_pages_of_the_site_may_send(self, send, client, people) -> None:
        assert send(Origin="https://evil.example.org").status_code == 403
        path = f"/v1/{people.site.key}/chat/files"
        assert client.options(path, headers={"Origin": SHOP}).headers["Access-Control-Allow-Origin"] == SHOP
        assert client.options(path, headers={"Origin": "https://evil.example.org"}).status_code == 403

    def test_a_site_may_take_no_files(self, send, people) -> None:
        change_chat(people, visitor_files=False)
        refused = send()
        assert (refused.status_code, refused.json["error"]["code"]) == (403, "not_allowed")

    def test_who_is_blocked_sends_none(self, sent, send, people, kept) -> None:
        with db.read() as session:
            conversation = session.scalar(select(Conversation.public_id))
        db.write(
            blocking.block, clock.now(), operator_id=people.bob.id, epoch=people.bob.session_epoch,
            conversation=conversation, hours=1,
        )  # fmt: skip
        before = kept()
        assert send(token=sent["token"]).json["error"]["code"] == "blocked"
        assert kept() == before

    def test_nobody_sends_anothers_file(self, send, say, people) -> None:
        mine, others = send().json, send().json
        for wrong in (others["file"]["id"], "fil_nothing"):
            refused = say(mine["token"], wrong)
            assert (refused.status_code, refused.json["error"]["code"]) == (404, "not_found")
        with db.read() as session:
            assert session.scalar(select(Message.id)) is None, "and nothing is posted without it"
        assert say(mine["token"], mine["file"]["id"]).status_code == 200

    def test_a_file_belongs_to_one_message_alone(self, sent, say) -> None:
        assert say(sent["token"], sent["id"], client_id="m2").status_code == 404
        again = say(sent["token"], sent["id"], client_id="m1")
        assert (again.status_code, again.json["id"]) == (200, sent["message"]), "what is sent again is the same message"

    def test_a_link_is_good_for_its_file_alone(self, sent, send, client) -> None:
        other = send(token=sent["token"]).json["file"]
        proof = sent["url"].partition("?t=")[2]
        assert client.get(other["url"].replace(other["url"].partition("?t=")[2], proof)).status_code == 404
        assert client.get(sent["url"].partition("?")[0]).status_code == 404
        assert client.get(sent["thumb"]["url"][:-3]).status_code == 404

    def test_charlie_and_strangers_send_nothing_into_the_sites_conversations(self, sent, operator, people, app) -> None:
        with db.read() as session:
            conversation = session.scalar(select(Conversation.public_id))
        refused = send_as_operator(operator("charlie"), conversation=conversation)
        assert (refused.status_code, refused.json["error"]["code"]) == (404, "not_found")
        own = send_as_operator(operator("charlie")).json["file"]["id"]
        incoming = protocol.Incoming("c1", "", file=own)
        for who in (people.charlie, people.bob):
            with pytest.raises(NotFound):
                db.write(
                    posting.by_operator, clock.now(), operator_id=who.id, epoch=who.session_epoch,
                    conversation=conversation, incoming=incoming, kind="reply",
                )  # fmt: skip
        nobody = app.test_client().post("/console/inbox/files", headers={"Accept": "application/json"})
        assert nobody.status_code in (400, 401)

    def test_without_the_pages_token_no_operator_sends(self, operator, people) -> None:
        assert send_as_operator(operator("bob"), token="").status_code == 400

    def test_an_operators_large_file_is_refused_as_early(self, operator, people) -> None:
        change_chat(people, file_mb=1)
        refused = send_as_operator(operator("bob"), PDF + bytes(3_000_000))
        assert (refused.status_code, refused.json["error"]["code"]) == (413, "too_large")


class TestHowMany:
    def test_files_that_no_message_carries_are_few(self, send, say, kept) -> None:
        first = send("1.txt", b"one").json
        for number in range(2, files.MOST_UNCLAIMED + 1):
            assert send(f"{number}.txt", b"more", token=first["token"]).status_code == 201
        refused = send("more.txt", b"more", token=first["token"])
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "3600")
        assert len(kept()) == files.MOST_UNCLAIMED
        assert say(first["token"], first["file"]["id"]).status_code == 200
        assert send("more.txt", b"more", token=first["token"]).status_code == 201

    @pytest.mark.parametrize("limit", ["MOST_A_DAY", "MOST_OF_SITE_A_DAY"])
    def test_a_day_has_an_end(self, send, say, monkeypatch, limit: str) -> None:
        monkeypatch.setattr(files, limit, 100)
        first = send("1.txt", b"x" * 60).json
        say(first["token"], first["file"]["id"])
        token = first["token"] if limit == "MOST_A_DAY" else ""
        assert send("2.txt", b"x" * 41, token=token).status_code == 429
        assert send("3.txt", b"x" * 40, token=token).status_code == 201


class TestUploadsOfOneAddress:
    @pytest.fixture
    def environ(self, environ: dict[str, str]) -> dict[str, str]:
        return {**environ, "LEADCAPTURE_RATE_UPLOAD": "2/minute"}

    def test_there_is_a_limit_for_a_visitor_and_a_wider_one_for_an_address(self, send) -> None:
        token = send("a.txt", b"a").json["token"]
        assert send("a.txt", b"a", token=token).status_code == 201
        assert send("a.txt", b"a", token=token).json["error"]["code"] == "rate_limited"
        statuses = [send("a.txt", b"a").status_code for _number in range(8)]
        assert statuses == [201] * 7 + [429]


class TestGoing:
    def test_what_no_message_claims_goes_after_a_day_bytes_and_all(self, send, sent, kept, client, monkeypatch) -> None:
        waiting = send(token=sent["token"]).json["file"]
        assert len(kept()) == 4
        now = clock.now()
        files.sweep_due(now + timedelta(hours=23))
        assert len(kept()) == 4
        files.sweep_due(now + timedelta(hours=25))
        assert len(kept()) == 2
        assert client.get(waiting["url"]).status_code == 404
        assert client.get(sent["url"]).status_code == 200

    def test_a_day_old_file_is_not_sent_any_more(self, send, people) -> None:
        uploaded = send().json["file"]
        with db.read() as session:
            visitor = session.scalar(select(ChatFile.visitor))
        with pytest.raises(NotFound):
            db.write(
                files.claim, clock.now() + timedelta(hours=24), uploaded["id"], site_id=people.site.id, visitor=visitor
            )

    def test_a_file_goes_with_its_message(self, sent, client, kept, people) -> None:
        uploaded_by_bob = files.keep(
            io.BytesIO(image()), "mine.png", 1_000_000, site_id=people.site.id, operator_id=people.bob.id
        )
        with db.read() as session:
            conversation = session.scalar(select(Conversation.public_id))
        who = {"operator_id": people.bob.id, "epoch": people.bob.session_epoch}
        posted = db.write(
            posting.by_operator, clock.now(), **who, conversation=conversation, kind="reply",
            incoming=protocol.Incoming("o1", "", file=uploaded_by_bob.id),
        )  # fmt: skip
        link = posted.message.for_visitor()["file"]["url"]
        assert client.get(link).status_code == 200
        db.write(editing.delete, clock.now(), **who, message=posted.message.id)
        assert client.get(link).status_code == 404, "at once"
        files.sweep_due(clock.now())
        assert len(kept()) == 2
        assert client.get(sent["url"]).status_code == 200

    def test_files_go_with_their_conversation(self, sent, client, kept) -> None:
        db.write(lambda session: session.execute(delete(Conversation)))
        assert client.get(sent["url"]).status_code == 404
        files.sweep_due(clock.now())
        assert kept() == []
        with db.read() as session:
            assert session.scalar(select(ChatFile.id)) is None

    def test_a_file_lost_from_the_disk_is_no_crash(self, sent, client, kept) -> None:
        for path in kept():
            path.unlink()
        assert client.get(sent["url"]).status_code == 404
        files.sweep_due(clock.now())


def test_of_two_messages_at_once_one_gets_the_file(either_database: db.Database, now, settings) -> None:
    people = db.write(add_people, now)
    taken = files.TakenIn("a.txt", 1, "text/plain", "stored")
    view = db.write(files.add, now, taken, site_id=people.site.id, visitor="vis_1")
    file_id, claimed = db.write(files.claim, now, view.id, site_id=people.site.id, visitor="vis_1")
    assert claimed == view
    assert file_id
    for whose in ({"visitor": "vis_1"}, {"visitor": "vis_2"}, {"operator_id": people.bob.id}):
        with pytest.raises(NotFound):
            db.write(files.claim, now, view.id, site_id=people.site.id, **whose)


class TestMasking:
    CARD = "4111 1111 1111 1111"

    def test_a_card_number_never_reaches_the_database(self, send, say, people) -> None:
        token = send("a.txt", b"a").json["token"]
        say(token, body=f"My card is {self.CARD} 12/27 123")
        with db.read() as session:
            assert session.scalar(select(Message.body)) == "My card is •••• •••• •••• 1111 12/27 •••"

    def test_operators_and_their_notes_are_no_exception(self, sent, people) -> None:
        with db.read() as session:
            conversation = session.scalar(select(Conversation.public_id))
        for kind in ("reply", "note"):
            posted = db.write(
                posting.by_operator, clock.now(), operator_id=people.bob.id, epoch=people.bob.session_epoch,
                conversation=conversation, incoming=protocol.Incoming(kind, self.CARD), kind=kind,
            )  # fmt: skip
            assert posted.message.body == "•••• •••• •••• 1111"

    def test_what_is_typed_is_seen_where_the_site_says_so_and_without_cards(self, people) -> None:
        assert visitor._previewed(people.site.id, "Hello") == ""
        change_chat(people, preview_typing=True)
        assert visitor._previewed(people.site.id, f"Hello {self.CARD}") == "Hello •••• •••• •••• 1111"
        change_chat(people, preview_typing=True, masking=False)
        assert visitor._previewed(people.site.id, self.CARD) == self.CARD

    def test_a_site_may_want_it_otherwise(self, send, say, people) -> None:
        change_chat(people, masking=False)
        say(send("a.txt", b"a").json["token"], body=self.CARD)
        with db.read() as session:
            assert session.scalar(select(Message.body)) == self.CARD
