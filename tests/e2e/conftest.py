"""A real Chromium, host pages on another origin, and eyes on what the browser complains about."""

from __future__ import annotations

import http.server
import os
import re
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from tests.servers import Service, wait_for

# The first is the same engine without the windows around it, which make every page of a test a second dearer.
CHROMIUM_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# A sandbox cannot be had as root; the other switches keep the browser from calling home.
CHROMIUM_SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


# On a machine that does other things too, what is awaited comes later: nobody waits longer for what does come.
expect.set_options(timeout=20_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/e2e" in str(item.path):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = next((path for path in map(shutil.which, CHROMIUM_NAMES) if path), None)
    if executable is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium was found: in CI the browser tests must run")
        pytest.skip("NO CHROMIUM WAS FOUND: the browser tests are skipped")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_SWITCHES)
        yield browser
        browser.close()


class Watched:
    """A browser context that remembers every error its pages reported."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.complaints: list[str] = []
        self.requests: list[str] = []
        context.set_default_timeout(20_000)
        context.on("console", lambda message: self._console(message.type, f"{message.text} {message.location['url']}"))
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        context.on("request", lambda request: self.requests.append(request.url))

    def _console(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"}:
            self.complaints.append(text)

    def page(self) -> Page:
        return self.context.new_page()


@pytest.fixture
def person(browser: Browser) -> Iterator[Callable[..., Watched]]:
    """Makes one more person with a browser of their own (cookies and storage are theirs alone)."""
    contexts: list[BrowserContext] = []

    def make(**options: object) -> Watched:
        context = browser.new_context(**options)  # type: ignore[arg-type]
        contexts.append(context)
        return Watched(context)

    yield make
    for context in contexts:
        context.close()


class HostSite:
    """A website of its own origin whose pages are served with a Content-Security-Policy."""

    def __init__(self) -> None:
        self.pages: dict[str, str] = {}
        self.policy = ""
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = site.pages.get(self.path.split("?")[0])
                self.send_response(200 if body is not None else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                if site.policy:
                    self.send_header("Content-Security-Policy", site.policy)
                self.end_headers()
                self.wfile.write((body or "").encode())

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def put(self, path: str, snippet: str, body: str = "<h1>A page of some shop</h1>", **html: str) -> str:
        """A page with the snippet as any owner would paste it; returns its address."""
        attributes = "".join(f' {name}="{value}"' for name, value in html.items())
        self.pages[path] = (
            f'<!doctype html><html{attributes}><head><meta charset="utf-8"><meta name="viewport" '
            f'content="width=device-width"><title>Some shop</title><link rel="icon" href="data:,">{snippet}</head>'
            f"<body>{body}</body></html>"
        )
        return self.url + path

    def strict(self, service: str) -> None:
        """Serve all pages under the strictest policy that names the service."""
        sockets = service.replace("http", "ws", 1)
        self.policy = (
            f"default-src 'none'; script-src {service}; connect-src {service} {sockets}; img-src {service} data:"
        )


@pytest.fixture
def host_site() -> Iterator[HostSite]:
    site = HostSite()
    yield site
    site.close()


@pytest.fixture
def screenshots(tmp_path: Path) -> Path:
    """Where pictures go: LEADCAPTURE_SCREENSHOTS if somebody wants to look at them."""
    folder = Path(os.environ.get("LEADCAPTURE_SCREENSHOTS", tmp_path / "screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def snippet(service: str, site_key: str, **attributes: str) -> str:
    extra = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f'<script async src="{service}/widget/{site_key}.js"{extra}></script>'


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A running demo shop that the tests of one worker share: each uses addresses of its own, and leaves settings as
    they are."""
    with Service(tmp_path_factory.mktemp("shop") / "service") as service:
        service.seed_demo()
        service.start()
        yield service


def show_in_panel(
    page: Page, service: Service, host_site: HostSite, kind: str, *, more: str = "", body: str = "<h1>Our shop</h1>"
) -> tuple[Locator, Locator]:
    """Open a page of another origin under a strict policy (`more` stands beside the snippet) and show the demo's form
    of that kind in its panel. Comes back with the form, and with what takes its place once it is sent."""
    host_site.strict(service.url)
    page.goto(host_site.put("/", snippet(service.url, service.demo["site_key"]) + more, body))
    page.wait_for_function("() => window.leadcapture?.show")
    slug = service.demo["forms"][kind]
    page.evaluate("slug => leadcapture.show(slug)", slug)
    return page.locator(f"[data-lc=form][data-slug={slug}]"), page.locator(f"[data-lc=done][data-slug={slug}]")


def hosted(service: Service, kind: str) -> str:
    """The address of the page of its own that the demo's form of that kind has."""
    return f"{service.url}/f/{service.demo['site_key']}/{service.demo['forms'][kind]}"


def send(form: Locator | Page, answer: Locator, address: str) -> None:
    """Send what is filled in; `answer` says that a mail went to the address."""
    form.locator("[data-lc=submit]").click()
    expect(answer).to_contain_text(address, timeout=15_000)


def send_without_scripts(page: Page, service: Service, address: str) -> None:
    """Give the address on the form's own page, send it, and confirm it in the same browser."""
    page.locator("[name=email]").fill(address)
    send(page, page.locator("main"), address)
    confirm(page, service, address)


def mail_text(service: Service, address: str, number: int = 1) -> str:
    """What the `number`th mail to an address says."""
    return str(service.wait_for_email(address, number).get_body(("plain",)).get_content())


def mailed_link(service: Service, address: str, path: str, number: int | None = None) -> str:
    """The link whose path matches in the `number`th mail to an address, or in the first mail that has one."""
    link = re.compile(rf"{re.escape(service.url)}/{path}")
    if number is not None:
        text = mail_text(service, address, number)
        found = link.search(text)
        assert found, text
        return found.group()

    def in_any() -> re.Match[str] | None:
        texts = [str(mail.get_body(("plain",)).get_content()) for mail in service.emails(address)]
        return next(filter(None, map(link.search, texts)), None)

    return str(wait_for(in_any, f"a mail to {address} with a link to {path}").group())


def confirm(page: Page, service: Service, address: str) -> None:
    """What the person does with the mail once it has come: open the link, press the button."""
    page.goto(mailed_link(service, address, r"confirm/\S+"))
    page.locator("main form [type=submit]").first.click()
    expect(page.locator("main h1")).to_be_visible()


def contact_status(service: Service, address: str) -> str:
    """Out of the service's own database: a command would take longer to start than all the rest."""
    with sqlite3.connect(service.folder / "instance" / "leadcapture.db") as connection:
        (status,) = connection.execute("SELECT status FROM contacts WHERE email = ?", (address,)).fetchone()
    return str(status)
