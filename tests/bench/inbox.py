"""Does the inbox stutter with 2,000 open conversations? Scrolled from end to end, then 50 conversations with `j`, in a
real Chromium; beside it a list of 2,000 empty rows in the same browser, which shows what the machine can do.

What stutters is a frame that comes late or a task that blocks the page for more than 50 ms (a "long task"). Both are
told by the clock on the wall, and so are those of a machine that is busy with something else; beside them stands what
the page's own thread has worked, a frame or a switch, which is not.
"""

from __future__ import annotations

import random
import shutil
import statistics
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright
from rich.console import Console
from rich.table import Table
from sqlalchemy import insert, select

from leadcapture import clock, db, ids
from leadcapture.chat.models import Conversation, ConversationTag, Message, Tag, Visitor
from leadcapture.sites.models import Site
from tests.bench import figures
from tests.bench.figures import Figure
from tests.e2e.conftest import CHROMIUM_NAMES, CHROMIUM_SWITCHES
from tests.e2e.console import sign_in
from tests.servers import Service

OPEN = 2_000
SWITCHED = 50
SPEED = 12_000  # pixels a second: a hard flick of the wheel, on and on
SAID = (
    "Where is my order? It was to come on Tuesday.",
    "هل يمكنني تغيير عنوان التوصيل؟ لم أعد أسكن هناك.",
    "Thank you!",
    "Do you have the green kettle with the blue lid, the large one that holds two litres, and what is it to send it?",
)
NAMES = ("", "", "Erin", "ليلى", "Dr. Wolfeschlegelsteinhausenbergerdorff von und zu Welschenhausen")

# Notes the milliseconds of each frame in which something scrolled or `window.moves` says so, and what blocked the page
# for over 50 ms, until `window.over()` is called.
WATCH = """() => {
  const frames = [], blocked = [];
  const observer = new PerformanceObserver((list) => blocked.push(...list.getEntries().map((task) => task.duration)));
  observer.observe({ type: "longtask" });
  window.moves = false;
  let last = 0, scrolled = false, going = true;
  document.addEventListener("scroll", () => (scrolled = true), { capture: true, passive: true });
  const frame = (now) => {
    if (last && (scrolled || window.moves)) frames.push(now - last);
    scrolled = false;
    last = now;
    if (going) requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  window.over = () => {
    going = false;
    observer.disconnect();
    return { frames, blocked };
  };
}"""
# Presses j as soon as the conversation that was asked for is shown.
SWITCH = """(count) => new Promise((resolve) => {
  const times = [];
  let pressed = 0, at = 0, before = "";
  const shown = () => document.querySelector(".inbox-thread[data-conversation]")?.dataset.conversation ?? "";
  const loaded = () => document.querySelector(".inbox-thread [data-lc=message]");
  window.moves = true;
  const frame = () => {
    if (!pressed || (shown() !== before && loaded())) {
      if (pressed) times.push(performance.now() - at);
      if (pressed === count) return resolve(times);
      before = shown();
      at = performance.now();
      pressed++;
      document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "j", bubbles: true, cancelable: true }));
    }
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})"""
EMPTY = """(count) => {
  document.body.innerHTML = '<div id="box" style="height:800px;overflow:auto"></div>';
  document.querySelector("#box").innerHTML = '<p style="height:84px;margin:0"></p>'.repeat(count);
}"""


def run() -> list[Figure]:
    executable = next(path for path in map(shutil.which, CHROMIUM_NAMES) if path)
    with tempfile.TemporaryDirectory() as folder, Service(Path(folder)) as service:
        service.seed_demo()
        fill(f"sqlite:///{service.folder / 'instance' / 'leadcapture.db'}")
        service.start()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_SWITCHES)
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            seen = {"empty rows, scrolled": scrolled_empty(page)} | look(page, service)
            browser.close()
    show(seen)
    return figures.rates({name: [1000 / statistics.median(one["frames"])] for name, one in seen.items()})


class Work:
    """The milliseconds that the page's thread has worked since it was made."""

    def __init__(self, page: Page) -> None:
        self._devtools = page.context.new_cdp_session(page)
        self._devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
        self._before = self._read()

    def _read(self) -> float:
        metrics = self._devtools.send("Performance.getMetrics")["metrics"]
        return 1000 * sum(metric["value"] for metric in metrics if metric["name"] == "TaskDuration")

    def since(self, times: int) -> float:
        return (self._read() - self._before) / max(1, times)


def scrolled_empty(page: Page) -> dict[str, Any]:
    page.goto("about:blank")
    page.evaluate(EMPTY, OPEN)
    page.evaluate(WATCH)
    work = Work(page)
    scroll(page, OPEN * 84)
    seen = dict(page.evaluate("over()"))
    return seen | {"work": work.since(len(seen["frames"]))}


def scroll(page: Page, pixels: int) -> None:
    """Scroll as a person does, by input that the browser itself turns into scrolling."""
    devtools = page.context.new_cdp_session(page)
    gesture = {"x": 400, "y": 500, "yDistance": -pixels, "speed": SPEED, "gestureSourceType": "mouse"}
    devtools.send("Input.synthesizeScrollGesture", gesture)


def look(page: Page, service: Service) -> dict[str, dict[str, Any]]:
    sign_in(page, service.url, service.operator())
    page.goto(f"{service.url}/console/inbox")
    page.locator("[data-lc=queue] [data-lc=conversation]").first.wait_for()
    page.wait_for_timeout(2_000)  # the page is there: what follows is work in it
    page.evaluate(WATCH)
    work, told, tries = Work(page), 0, 0
    while told < OPEN:
        scroll(page, (OPEN - told) * 84)
        told = int(page.locator("[data-lc=queue] > li").last.get_attribute("aria-posinset") or 0)
        tries += 1
        assert tries < 50, f"the list ended at {told}"
    scrolled = page.evaluate("over()")
    scrolled["work"] = work.since(len(scrolled["frames"]))
    drawn = page.locator("[data-lc=queue] > li").count()
    page.evaluate("document.querySelector('.inbox-scroll').scrollTop = 0")
    page.locator("[data-lc=queue] [data-lc=conversation]").first.click()
    page.locator("[data-lc=message]").first.wait_for()
    page.evaluate(WATCH)
    work = Work(page)
    times = page.evaluate(SWITCH, SWITCHED)
    switched = page.evaluate("over()") | {"times": times, "work": work.since(SWITCHED)}
    Console().print(f"{told} rows were scrolled through, {drawn} drawn at once")
    return {"inbox, scrolled": scrolled, f"inbox, j {SWITCHED} times": switched}


def show(seen: dict[str, dict[str, Any]]) -> None:
    """Print how even the frames were, what blocked the page, and how long a switch took."""
    table = Table(title=f"{OPEN:,} open conversations (milliseconds)", title_justify="left")
    for column in ("variant", "frames", "p50", "p95", "worst", ">50", "worst", "switch", "p95", "work"):
        table.add_column(column, justify="left" if column == "variant" else "right")
    for name, one in seen.items():
        frames, blocked, times = sorted(one["frames"]), one["blocked"], sorted(one.get("times", []))
        figures = [f"{part(frames, share):.1f}" for share in (0.5, 0.95, 1)]
        worst = f"{max(blocked):.0f}" if blocked else "–"
        switch = [f"{part(times, share):.0f}" for share in (0.5, 0.95)] if times else ["–", "–"]
        table.add_row(name, str(len(frames)), *figures, str(len(blocked)), worst, *switch, f"{one['work']:.1f}")
    Console().print(table)


def part(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, int(len(values) * share))]


def fill(url: str) -> None:
    """Put OPEN conversations that nobody has answered into the demo's site, as they come: tagged, long, Arabic."""
    database = db.Database(url)
    database.write(_fill)
    database.close()


def _fill(session: Any) -> None:
    site = session.scalar(select(Site.id).order_by(Site.id).limit(1))
    chance, now = random.Random(7), clock.now()
    tags = ["VIP", "Refund", "مستعجل", "Second line"]
    session.execute(insert(Tag), [{"site_id": site, "name": tag} for tag in tags])
    for number in range(OPEN):
        at = now - timedelta(seconds=90 * number + 60)
        visitor = Visitor(
            public_id=ids.new("visitor"), site_id=site, name=chance.choice(NAMES), language=chance.choice(("en", "ar")),
            created_at=at, seen_at=at,
        )  # fmt: skip
        session.add(visitor)
        session.flush()
        said = chance.randint(1, 40)
        conversation = Conversation(
            public_id=ids.new("conversation"), site_id=site, visitor_id=visitor.id, status="unanswered", last_seq=said,
            operator_seen=chance.choice((0, said)), missed_at=at, created_at=at - timedelta(minutes=said), active_at=at,
        )  # fmt: skip
        session.add(conversation)
        session.flush()
        session.execute(
            insert(Message),
            [
                {
                    "public_id": ids.new("message"), "conversation_id": conversation.id, "client_id": f"b{seq}",
                    "seq": seq, "after_seq": seq - 1, "kind": "reply", "author_kind": "visitor",
                    "body": chance.choice(SAID), "created_at": at - timedelta(minutes=said - seq),
                }
                for seq in range(1, said + 1)
            ],
        )  # fmt: skip
        for tag in chance.sample(tags, chance.choice((0, 0, 0, 1, 3))):
            session.execute(insert(ConversationTag).values(conversation_id=conversation.id, tag=tag))
