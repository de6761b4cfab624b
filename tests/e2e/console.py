"""What an operator does in the console, by browser."""

from __future__ import annotations

from playwright.sync_api import Page, expect


def sign_in(page: Page, url: str, person: dict[str, str]) -> None:
    page.goto(f"{url}/console/sign-in")
    page.fill("[name=email]", person["email"])
    page.fill("[name=password]", person["password"])
    page.click("form [type=submit]")
    page.wait_for_url(lambda where: "sign-in" not in where)


def open_inbox(page: Page, url: str) -> None:
    page.goto(f"{url}/console/inbox")
    expect(page.locator("[data-lc=queue]")).to_be_visible()


def open_conversation(page: Page, text: str) -> None:
    """Open the conversation in the queue that shows this text."""
    page.locator("[data-lc=queue] [data-lc=conversation]", has_text=text).first.click()
    expect(page.locator("[data-lc=log]")).to_be_visible()


def reply(page: Page, text: str) -> None:
    page.locator("[data-lc=reply]").fill(text)
    page.locator("[data-lc=send]").click()
