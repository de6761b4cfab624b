"""What the snippet costs a host page before anybody clicks, as Lighthouse would count it: bytes, requests, time of the
main thread and layout shift in a real Chromium whose processor is slowed down four times; beside it the same page
without the snippet.

The page of a shop has text, boxes and a list, so that a shift would show. It is watched for two seconds after it has
loaded. Time of the main thread is the browser's own count of tasks of this page (`TaskDuration`); what the snippet
costs is the difference of the two medians.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from contextlib import closing, contextmanager
from shutil import which
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from tests.bench import rounds
from tests.bench.figures import Figure
from tests.e2e.conftest import CHROMIUM_NAMES, CHROMIUM_SWITCHES, HostSite, snippet

ROUNDS = 9
SLOWED = 4
WATCHED = 2_000  # milliseconds
BODY = "<h1>Some shop</h1>" + "".join(
    f"<article><h2>Kettle {number}</h2><p>{'A kettle that holds two litres. ' * 12}</p><button>Buy</button></article>"
    for number in range(40)
)
SHIFTS = """() => new Promise(resolve => {
    let sum = 0
    new PerformanceObserver(list => { for (const one of list.getEntries()) sum += one.value })
        .observe({ type: 'layout-shift', buffered: true })
    setTimeout(() => resolve(sum), 50)
})"""


def run() -> list[Figure]:
    seen: dict[bool, list[dict[str, float]]] = {False: [], True: []}
    with rounds.ours() as service, _chromium() as browser, closing(HostSite()) as host:
        line = snippet(service.url, service.demo["site_key"])
        pages = {False: host.put("/without", "", BODY), True: host.put("/with", line, BODY)}
        _visit(browser, pages[True])  # the first visit warms the service, which keeps what it has compressed
        for _ in range(ROUNDS):
            for has_snippet, url in pages.items():
                seen[has_snippet].append(_visit(browser, url))

    def of(has_snippet: bool, what: str) -> list[float]:
        return [visit[what] for visit in seen[has_snippet]]

    usual = statistics.median(of(False, "thread"))
    return [
        Figure("main thread without the snippet", "ms", of(False, "thread")),
        Figure("main thread with it", "ms", of(True, "thread"), of="main thread without the snippet"),
        Figure("main thread, the snippet's share", "ms", [ms - usual for ms in of(True, "thread")], reach="≤ 10 ms"),
        Figure("scripts, the snippet's share", "ms", of(True, "script")),
        Figure("requests of the snippet", "requests", _more(of(True, "requests"), of(False, "requests")), reach="1"),
        Figure("transferred for the snippet", "bytes", _more(of(True, "bytes"), of(False, "bytes")), reach="≤ 5,120"),
        Figure("layout shift", "score", of(True, "shift"), reach="0"),
    ]


def _more(ones: list[float], others: list[float]) -> list[float]:
    return [one - other for one, other in zip(ones, others, strict=True)]


def _visit(browser: Browser, url: str) -> dict[str, float]:
    """One visit by somebody who was never there: milliseconds, bytes, requests, the score of shifts."""
    context = browser.new_context(viewport={"width": 1200, "height": 800})
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    transferred: list[float] = []
    asked: list[Any] = []
    devtools.on("Network.loadingFinished", lambda event: transferred.append(event["encodedDataLength"]))
    devtools.on("Network.requestWillBeSent", lambda event: asked.append(event["request"]["url"]))
    for domain in ("Network", "Performance"):
        devtools.send(f"{domain}.enable")
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
    page.goto(url)
    page.wait_for_timeout(WATCHED)
    found = {one["name"]: one["value"] for one in devtools.send("Performance.getMetrics")["metrics"]}
    shift = page.evaluate(SHIFTS)
    context.close()
    return {
        "thread": found["TaskDuration"] * 1000,
        "script": found["ScriptDuration"] * 1000,
        "requests": len([url for url in asked if not url.startswith("data:")]),
        "bytes": sum(transferred),
        "shift": shift,
    }


@contextmanager
def _chromium() -> Iterator[Browser]:
    executable = next(path for path in map(which, CHROMIUM_NAMES) if path)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_SWITCHES)
        yield browser
        browser.close()
