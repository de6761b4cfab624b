"""The demo shop's guide in a real browser: links in the panel that is still open and by mail, and the file itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import (
    HostSite,
    Watched,
    confirm,
    hosted,
    mailed_link,
    send,
    send_without_scripts,
    show_in_panel,
)
from tests.e2e.console import sign_in
from tests.servers import Service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("download"), UPLOAD_MB="1") as service:
        service.seed_demo()
        service.start()
        yield service


def downloaded(page: Page, link: str) -> bytes:
    """What the browser saves when that link is pressed."""
    with page.expect_download() as saving:
        page.get_by_role("link", name=link).click()
    return Path(saving.value.path()).read_bytes()


def test_the_links_come_into_the_open_panel_and_by_mail(
    service: Service, host_site: HostSite, person: Callable[..., Watched], screenshots: Path
) -> None:
    visitor = person()
    page = visitor.page()
    form, done = show_in_panel(page, service, host_site, "download")
    form.locator("[name=email]").fill("erin@example.net")
    page.screenshot(path=screenshots / "download-panel.png")
    send(form, done, "erin@example.net")

    confirm(person().page(), service, "erin@example.net")
    expect(done).to_contain_text("Your file is ready")
    page.screenshot(path=screenshots / "download-panel-done.png")
    assert downloaded(page, "Kitchen guide.pdf").startswith(b"%PDF-")
    assert mailed_link(service, "erin@example.net", r"f/\S+/files/\S+", 2)
    assert "erin@example.net" in service.run("contacts", "export", "--site", service.demo["site_key"]).stdout
    assert visitor.complaints == []


def test_the_hosted_page_gives_the_file_without_javascript(
    service: Service, person: Callable[..., Watched], screenshots: Path
) -> None:
    visitor = person(java_script_enabled=False)
    page = visitor.page()
    page.goto(hosted(service, "download"))
    page.screenshot(path=screenshots / "download-hosted.png", full_page=True)
    send_without_scripts(page, service, "frida@example.net")
    page.screenshot(path=screenshots / "download-hosted-done.png", full_page=True)
    assert downloaded(page, "Kitchen guide.pdf").startswith(b"%PDF-")
    assert visitor.complaints == []


def test_an_owner_uploads_and_a_file_that_is_too_large_is_refused_in_words(
    service: Service, person: Callable[..., Watched], tmp_path: Path, screenshots: Path
) -> None:
    owner = person()
    page = owner.page()
    sign_in(page, service.url, service.operator("owner"))
    page.goto(f"{service.url}/console/forms")
    page.locator("main tr", has_text="Download").get_by_role("link").first.click()
    page.get_by_role("link", name="Files", exact=True).click()
    for name, size, said in (("Large.pdf", 30_000_000, "larger than 1 MB"), ("Small.pdf", 500_000, "was added")):
        file = tmp_path / name
        file.write_bytes(b"%PDF-1.4\n" + bytes(size))
        page.set_input_files("[name=file]", file)
        page.get_by_role("button", name="Upload").click()
        expect(page.locator("main")).to_contain_text(said)
        page.screenshot(path=screenshots / f"download-files-{name}.png", full_page=True)
        page.go_back()
    page.reload()
    expect(page.locator("[data-lc=files]")).to_contain_text("Small.pdf")
