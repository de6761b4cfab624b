"""What the panel promises a visitor whatever happens: nothing sent that was not, one sound, the composer in sight."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import APIResponse, Error, Locator, Page, Route, expect

from tests.chat.talk import SECRET, Client, signed_session
from tests.e2e.conftest import HostSite, Watched, snippet
from tests.faults.disk import refusing, worker_of
from tests.servers import Service, wait_for

COUNT_SOUNDS = """
    window.sounds = 0;
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (...when) { window.sounds++; return start.apply(this, when); };
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("promises"), SECRET_KEY=SECRET, OPERATOR_GRACE="1") as service:
        service.seed_demo()
        service.start()
        yield service


def rows(service: Service, statement: str, *values: Any) -> list[Any]:
    with closing(sqlite3.connect(service.folder / "instance" / "leadcapture.db")) as connection:
        return connection.execute(statement, values).fetchall()


@pytest.fixture
def alice(service: Service) -> Iterator[Client]:
    """The owner at work, without a browser."""
    statement = "SELECT public_id, session_epoch FROM operators WHERE email = ?"
    [(public_id, epoch)] = rows(service, statement, service.operator("owner")["email"])
    client = Client(service.url, "/operator", None, {"Cookie": f"leadcapture={signed_session(public_id, epoch)}"})
    client.hear("presence", lambda told: told["available"])
    yield client
    client.leave()


@pytest.fixture
def address(service: Service, host_site: HostSite) -> str:
    host_site.strict(service.url)
    return host_site.put("/", snippet(service.url, service.demo["site_key"]))


def open_panel(page: Page, address: str) -> Locator:
    page.goto(address)
    page.locator("[data-lc=launcher]").click()
    composer = page.locator("[data-lc=composer]")
    expect(composer).to_be_visible()
    return composer


def say(page: Page, text: str) -> Locator:
    page.locator("[data-lc=composer]").fill(text)
    page.locator("[data-lc=send]").click()
    return message(page, text)


def message(page: Page, text: str) -> Locator:
    return page.locator("[data-lc=message]", has_text=text)


def conversation_of(alice: Client, text: str) -> str:
    found = alice.hear("conversation", lambda one: one["last"] and text in one["last"]["body"])
    return str(found["id"])


def test_a_message_whose_answer_is_lost_says_so_in_time_and_goes_out_once_at_a_tap(
    alice: Client, service: Service, host_site: HostSite, address: str, person: Callable[..., Watched]
) -> None:
    """WebSockets are blocked, and the very first message arrives while its answer does not."""
    host_site.policy = f"default-src 'none'; script-src {service.url}; connect-src {service.url}; img-src data:"
    page = person().page()
    lost = []

    def lose_the_answer(route: Route) -> None:
        if route.request.method == "POST":
            lost.append(route.fetch().status)
            # The page may have given the request up before.
            with suppress(Error):
                route.abort()
        else:
            route.continue_()

    page.route("**/chat/messages*", lose_the_answer)
    open_panel(page, address)
    said = say(page, "Is anybody there?")
    expect(said).to_have_attribute("data-state", "failed", timeout=5_000)
    wait_for(lambda: lost, "the message to arrive")
    assert set(lost) == {200}, "the service has it; the visitor cannot know"

    page.unroute("**/chat/messages*")
    said.locator("[data-lc=retry]").click()
    expect(said).to_have_attribute("data-state", re.compile("sent|delivered|seen"))
    expect(said).to_have_count(1)
    stored = "SELECT count(*), count(DISTINCT conversation_id) FROM messages WHERE body = 'Is anybody there?'"
    assert rows(service, stored) == [(1, 1)]
    # What is seen is told without a socket too.
    conversation = conversation_of(alice, "Is anybody there?")
    alice.say("I am.", conversation=conversation, kind="reply")
    expect(message(page, "I am.")).to_be_visible()
    alice.hear("conversation", lambda one: one["id"] == conversation and one["seen"]["visitor"] == 2)


def test_five_tabs_are_one_conversation_with_one_sound_and_one_count(
    alice: Client, address: str, person: Callable[..., Watched]
) -> None:
    visitor = person()
    visitor.context.add_init_script(COUNT_SOUNDS)
    tabs = [visitor.page() for _ in range(5)]
    open_panel(tabs[0], address)
    say(tabs[0], "From the first tab")
    conversation = conversation_of(alice, "From the first tab")
    tabs[0].keyboard.press("Escape")
    for tab in tabs[1:]:
        tab.goto(address)
        tab.locator("body > h1").click()
        expect(message(tab, "From the first tab")).to_have_count(1)

    alice.say("To all of them", conversation=conversation, kind="reply")
    for tab in tabs:
        expect(tab.locator("[data-lc=launcher]")).to_have_text("1")
    tabs[0].wait_for_timeout(1_000)  # for a second sound that must not come
    assert sum(tab.evaluate("() => window.sounds") for tab in tabs) == 1

    tabs[3].locator("[data-lc=launcher]").click()
    for tab in tabs:
        expect(tab.locator("[data-lc=launcher]")).to_have_text("")
    say(tabs[3], "From the fourth tab")
    assert conversation_of(alice, "From the fourth tab") == conversation
    # In sight, and switched off for all of them: no sound.
    tabs[3].locator("[data-lc=sound]").click()
    tabs[3].keyboard.press("Escape")
    alice.say("Quietly", conversation=conversation, kind="reply")
    for tab in tabs:
        expect(tab.locator("[data-lc=launcher]")).to_have_text("1")
    tabs[0].wait_for_timeout(600)
    assert sum(tab.evaluate("() => window.sounds") for tab in tabs) == 1
    assert visitor.complaints == []


def test_a_question_left_while_nobody_is_there_shows_in_the_other_tabs_at_once(
    service: Service, address: str, person: Callable[..., Watched]
) -> None:
    visitor = person()
    one, two = visitor.page(), visitor.page()
    for tab in (one, two):
        tab.goto(address)
        tab.locator("[data-lc=launcher]").click()
        expect(tab.locator("[data-lc=form]")).to_be_visible(timeout=10_000)
    form = one.locator("[data-lc=form]")
    form.locator("[name=name]").fill("Dora")
    form.locator("[name=email]").fill("tabs@example.net")
    form.locator("[name=message]").fill("Do you deliver to islands?")
    # What was typed is there after a reload.
    one.reload()
    expect(form.locator("[name=message]")).to_have_value("Do you deliver to islands?")
    # The thread tells of the question before the form's own answer is there: the form waits for it.
    held: list[tuple[Route, APIResponse]] = []
    origin = {"origin": address.rstrip("/")}
    one.route(
        re.compile(r"/v1/[^/]+/forms/[^/?]+$"),
        lambda route: held.append((route, route.fetch(headers=route.request.headers | origin))),
    )
    form.locator("[data-lc=submit]").click()
    expect(two.locator("[data-lc=question-left]")).to_be_visible()
    expect(message(two, "Do you deliver to islands?")).to_have_count(1)
    expect(message(one, "Do you deliver to islands?")).to_have_count(1)
    expect(form).to_be_visible()
    for route, answer in held:
        route.fulfill(response=answer)
    expect(one.locator("[data-lc=done]")).to_be_visible()
    assert visitor.complaints == []


def test_the_composer_and_the_last_message_stay_above_the_keyboard_of_a_phone(
    alice: Client, address: str, person: Callable[..., Watched]
) -> None:
    """A keyboard makes the page lower on some phones; on most it covers the page, and only the visual viewport shrinks.
    Zooming shrinks that alone, too."""
    phone = person(viewport={"width": 390, "height": 800}, is_mobile=True, has_touch=True)
    page = phone.page()
    composer = open_panel(page, address)
    for number in range(14):
        last = say(page, f"Line {number}")
    expect(last).to_be_visible()
    browser = phone.context.new_cdp_session(page)
    lower = {"width": 390, "height": 430, "deviceScaleFactor": 1, "mobile": True}
    for command, values in (
        ("Emulation.setPageScaleFactor", {"pageScaleFactor": 1.8}),
        ("Emulation.setPageScaleFactor", {"pageScaleFactor": 1}),
        ("Emulation.setDeviceMetricsOverride", lower),
    ):
        browser.send(command, values)
        page.wait_for_function(
            """() => {
                const root = document.getElementById("leadcapture").shadowRoot;
                const bottom = (part) => [...root.querySelectorAll(part)].at(-1).getBoundingClientRect().bottom;
                const room = visualViewport.offsetTop + visualViewport.height;
                return bottom("[data-lc=message]") <= bottom(".scroll") && Math.abs(bottom(".composer") - room) < 2;
            }""",
            timeout=3_000,
        )
    expect(composer).to_be_in_viewport()


def test_a_talk_is_ended_rated_and_begun_again_by_the_keyboard(
    alice: Client, address: str, person: Callable[..., Watched]
) -> None:
    visitor = person()
    page = visitor.page()
    composer = open_panel(page, address)
    say(page, "One question")
    conversation = conversation_of(alice, "One question")
    alice.say("One **good** answer", conversation=conversation, kind="reply")
    expect(message(page, "One good answer").locator("strong")).to_have_text("good")
    expect(page.locator("[data-lc=arrival]")).to_contain_text("Alice")

    page.locator("[data-lc=menu-open]").press("Enter")
    page.locator("[data-lc=end]").press("Enter")
    expect(page.locator("[data-lc=end-yes]")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("radio", name="1 of 5").press("ArrowRight")
    page.locator("[name=comment]").fill("Quick")
    page.locator("[data-lc=rate]").press("Enter")
    expect(page.locator("[data-lc=rated]")).to_be_visible()
    rated = alice.hear("conversation", lambda one: one["id"] == conversation and one["rating"])
    assert (rated["status"], rated["rating"]) == ("closed", {"stars": 2, "comment": "Quick"})

    page.locator("[data-lc=start-again]").press("Enter")
    expect(composer).to_be_focused()
    page.keyboard.type("One more")
    page.keyboard.press("Enter")
    expect(page.locator("[data-lc=afterword]")).to_have_count(0)
    assert conversation_of(alice, "One more") == conversation
    assert visitor.complaints == []


def test_a_file_goes_up_with_words_and_one_that_is_refused_says_why(
    alice: Client, address: str, person: Callable[..., Watched], tmp_path: Path
) -> None:
    page = person().page()
    open_panel(page, address)
    order, photo = tmp_path / "order.txt", tmp_path / "photo.png"
    order.write_bytes(b"Two chairs, one table.")
    photo.write_bytes(b"<html><script>alert(1)</script></html>")
    page.locator("[data-lc=file-input]").set_input_files([order, photo])
    refused = page.locator("[data-lc=upload][data-state=failed]")
    expect(refused).to_contain_text("photo.png")
    expect(refused.locator("[data-lc=upload-retry]")).to_have_count(0)
    refused.locator("[data-lc=upload-remove]").click()
    say(page, "As in this list")
    heard = alice.hear("message", lambda one: one["body"] == "As in this list")
    assert heard["file"]["name"] == "order.txt"
    row = page.locator("[data-lc=message] [data-lc=file]")
    expect(row).to_contain_text("order.txt")
    with page.expect_download() as download:
        row.click()
    assert download.value.path().read_bytes() == order.read_bytes()


def test_what_is_sent_while_nothing_can_be_stored_is_kept_and_arrives_once_by_itself(
    alice: Client, service: Service, host_site: HostSite, address: str, person: Callable[..., Watched]
) -> None:
    slug = service.demo["forms"]["subscription"]
    place = f'<div data-leadcapture-form="{slug}"></div>'
    page = person().page()
    open_panel(page, host_site.put("/", snippet(service.url, service.demo["site_key"]), place))
    expect(say(page, "Is it blue?")).to_have_attribute("data-state", re.compile("sent|delivered|seen"))
    form = page.locator(f"[data-lc=form][data-slug={slug}]")
    form.locator("[name=email]").fill("kept@example.org")
    form.locator("[name=consent]").check()
    with refusing(worker_of(service.process)):
        waiting = say(page, "Or green?")
        form.locator("[data-lc=submit]").click()
        expect(form.locator(".problem")).to_have_text(
            "Not sent yet: we can't take it right now. Everything you typed is still here. We keep trying."
        )
        expect(waiting).to_have_attribute("data-state", re.compile("waiting|failed"))  # and tried on, either way
        assert form.locator("[name=email]").input_value() == "kept@example.org"
    expect(waiting).to_have_attribute("data-state", re.compile("sent|delivered|seen"))
    expect(page.locator(f"[data-lc=done][data-slug={slug}]")).to_contain_text("kept@example.org")
    assert rows(service, "SELECT count(*) FROM messages WHERE body IN ('Is it blue?', 'Or green?')") == [(2,)]
    assert rows(service, "SELECT count(*) FROM submissions WHERE email = 'kept@example.org'") == [(1,)]
    assert len(service.emails("kept@example.org")) <= 1
