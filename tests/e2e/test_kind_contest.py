"""The demo shop's contest in a real browser: entered in the panel and without scripts, closed, drawn, and checked by
somebody who trusts nobody."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.conftest import HostSite, Watched, hosted, mail_text, send, send_without_scripts, show_in_panel
from tests.e2e.console import sign_in
from tests.servers import Service, wait_for


def code_mailed(service: Service, address: str) -> str:
    return re.search(r"^(\d{6})\r?$", mail_text(service, address), re.MULTILINE).group(1)


def close(service: Service, slug: str) -> None:
    """Let the closing time be over, as if the weeks had passed."""
    past = (datetime.now(UTC) - timedelta(seconds=1)).replace(tzinfo=None).isoformat(" ")
    with sqlite3.connect(service.folder / "instance" / "leadcapture.db", timeout=15) as database:
        forms = "SELECT forms.id FROM forms JOIN sites ON sites.id = site_id WHERE slug = ? AND key = ?"
        database.execute(
            f"UPDATE contests SET closes_at = ? WHERE form_id IN ({forms})", (past, slug, service.demo["site_key"])
        )


def downloaded(page: Page, link: str, folder: Path) -> Path:
    with page.expect_download() as started:
        page.locator(link).click()
    path = folder / started.value.suggested_filename
    started.value.save_as(path)
    return path


def attached(shop: Service, address: str) -> list[EmailMessage]:
    """The mails to an address that have a file with them, oldest first."""
    return [mail for mail in shop.emails(address) if list(mail.iter_attachments())]


def test_entered_in_the_panel_and_without_scripts_then_drawn_and_checked(
    shop: Service, host_site: HostSite, person: Callable[..., Watched], screenshots: Path, tmp_path: Path
) -> None:
    slug, base = shop.demo["forms"]["contest"], hosted(shop, "contest")

    # In the panel: what can be won and the rules stand in it, the receipt comes once the code is typed.
    visitor = person()
    page = visitor.page()
    form, done = show_in_panel(page, shop, host_site, "contest")
    expect(form.locator("[data-lc=facts]")).to_contain_text("A woollen blanket")
    expect(form.locator("a", has_text="Rules")).to_have_attribute("href", re.compile(f"/{slug}/rules"))
    form.locator("[name=email]").fill("erin+win@example.net")
    for purpose in ("contest", "newsletter"):
        expect(form.locator(f"[name=consent][value={purpose}]")).not_to_be_checked()
    form.locator("[name=consent][value=contest]").check()
    page.screenshot(path=screenshots / "contest-panel.png")
    send(form, done, "erin+win@example.net")
    done.locator("[name=code]").fill(code_mailed(shop, "erin+win@example.net"))
    done.locator("[name=code]").press("Enter")
    expect(done).to_contain_text("You take part")
    page.screenshot(path=screenshots / "contest-panel-done.png")
    receipt = shop.wait_for_email("erin+win@example.net", 2)
    [file] = receipt.iter_attachments()
    entry = json.loads(file.get_content() if isinstance(file.get_content(), str) else file.get_content().decode())
    assert entry["address"] == "erin@example.net", "the tag makes no other address"
    assert entry["leaf"] in done.inner_text().replace(" ", "")
    assert entry["leaf"] in receipt.get_body(("plain",)).get_content()

    # Without scripts, on the page of its own; the same mailbox again is no second entry.
    reader = person(java_script_enabled=False)
    plain = reader.page()
    for address, shown in (("frank@example.net", "You take part"), ("frank+2@example.net", "takes part already")):
        plain.goto(base)
        plain.locator("[name=consent][value=contest]").check()
        send_without_scripts(plain, shop, address)
        expect(plain.locator("h1")).to_contain_text(shown)
    contacts = shop.run("contacts", "export", "--site", shop.demo["site_key"]).stdout
    assert "erin+win@example.net" in contacts
    assert "frank@example.net" in contacts

    # It closes; alice draws.
    close(shop, slug)
    alice = person()
    console = alice.page()
    sign_in(console, shop.url, shop.operator("owner"))
    console.goto(f"{shop.url}/console/forms")
    console.locator("main a", has_text=re.compile("blanket|contest", re.IGNORECASE)).first.click()
    console.locator("nav a", has_text="Draw").click()
    expect(console.locator("[data-lc=count]")).to_have_text("2")
    console.locator("summary", has_text="Draw the winners").click()
    console.locator("[data-lc=draw]").click()
    expect(console.locator("[data-lc=drawn]")).to_contain_text("frank@example.net")
    console.screenshot(path=screenshots / "contest-console.png", full_page=True)

    # Everybody sees it, and can check it with what the page offers.
    stranger = person(accept_downloads=True)
    public = stranger.page()
    public.goto(f"{base}/draw")
    expect(public.locator("[data-lc=winners] li")).to_have_count(2)
    expect(public.locator("[data-lc=winners]")).to_contain_text(entry["leaf"])
    expect(public.locator("body")).not_to_contain_text("@example.net")
    public.screenshot(path=screenshots / "contest-draw.png", full_page=True)
    record = downloaded(public, "a[href$='/draw.json']", tmp_path)
    script = downloaded(public, "a[href$='/verify_draw.py']", tmp_path)
    # The receipt came with the confirmation, the proof after the closing; the winner's mail has no file.
    with_files = wait_for(lambda: attached(shop, "frank@example.net")[1:], "the proof of frank's entry")
    [proof] = with_files[0].iter_attachments()
    (tmp_path / "entry.json").write_bytes(proof.get_payload(decode=True))
    command = [sys.executable, "-I", script.name, record.name, "entry.json"]
    checked = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (checked.returncode, checked.stderr) == (0, ""), checked.stdout
    forged = json.loads(record.read_text())
    forged["winners"].reverse()
    record.write_text(json.dumps(forged))
    assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode == 1
    for watched in (visitor, reader, alice, stranger):
        assert watched.complaints == []
