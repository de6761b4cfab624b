"""The demo shop's guide in a real browser: links in the panel that is still open and by mail, and the file itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import HostSite, Watched, snippet
from tests.e2e.console import sign_in
from tests.servers import Service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("download"), UPLOAD_MB="1") as service:
        service.seed_demo()
        service.start()
        yield service


def confirm(service: Service, person: Callable[..., Watched], address: str, **options: object) -> Page:
    text = service.wait_for_email(address).get_body(("plain",)).get_content()
    page = person(**options).page()
    page.goto(re.search(rf"{re.escape(service.url)}/confirm/\S+", text).group())
    page.locator("form [type=submit]").click()
    return page


def downloaded(page: Page, link: str) -> bytes:
    """What the browser saves when that link is pressed."""
    with page.expect_download() as saving:
        page.get_by_role("link", name=link).click()
    return Path(saving.value.path()).read_bytes()


def test_the_links_come_into_the_open_panel_and_by_mail(
    service: Service, host_site: HostSite, person: Callable[..., Watched], screenshots: Path
) -> None:
    host_site.strict(service.url)
    visitor = person()
    page = visitor.page()
    page.goto(host_site.put("/", snippet(service.url, service.demo["site_key"])))
    page.wait_for_function("() => window.leadcapture?.show")
    slug = service.demo["forms"]["download"]
    page.evaluate("slug => leadcapture.show(slug)", slug)
    form = page.locator(f"[data-lc=form][data-slug={slug}]")
    form.locator("[name=email]").fill("erin@example.net")
    page.screenshot(path=screenshots / "download-panel.png")
    form.locator("[data-lc=submit]").click()
    done = page.locator(f"[data-lc=done][data-slug={slug}]")
    expect(done).to_contain_text("erin@example.net")

    confirm(service, person, "erin@example.net")
    expect(done).to_contain_text("Your file is ready")
    page.screenshot(path=screenshots / "download-panel-done.png")
    assert downloaded(page, "Kitchen guide.pdf").startswith(b"%PDF-")
    mailed = service.wait_for_email("erin@example.net", 2).get_body(("plain",)).get_content()
    assert re.search(rf"{re.escape(service.url)}/f/\S+/files/\S+", mailed)
    assert "erin@example.net" in service.run("contacts", "export", "--site", service.demo["site_key"]).stdout
    assert visitor.complaints == []


def test_the_hosted_page_gives_the_file_without_javascript(
    service: Service, person: Callable[..., Watched], screenshots: Path
) -> None:
    visitor = person(java_script_enabled=False)
    page = visitor.page()
    page.goto(f"{service.url}/f/{service.demo['site_key']}/{service.demo['forms']['download']}")
    page.screenshot(path=screenshots / "download-hosted.png", full_page=True)
    page.locator("[name=email]").fill("frida@example.net")
    page.locator("[data-lc=submit]").click()
    expect(page.locator("main")).to_contain_text("frida@example.net")
    confirmed = confirm(service, person, "frida@example.net", java_script_enabled=False)
    confirmed.screenshot(path=screenshots / "download-hosted-done.png", full_page=True)
    assert downloaded(confirmed, "Kitchen guide.pdf").startswith(b"%PDF-")
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
