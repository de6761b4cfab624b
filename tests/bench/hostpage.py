"""What the snippet costs a host page before anybody clicks, as Lighthouse would count it: bytes, requests, time of the
main thread and layout shift in a real Chromium whose processor is slowed down four times; beside it the same page
without the snippet.

The page of a shop has text, boxes and a list, so that a shift would show. It is watched for two seconds after it has
loaded. The snippet's time is what the browser's own trace puts down to its script (compiled, evaluated, called back, in
time of the processor, so that a busy machine counts little); beside it stands the time of all tasks of the page with
and without the snippet, which holds laying out and painting too, and differs from visit to visit by more than the
snippet takes.
"""

from __future__ import annotations

import json
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
    for number in range(12)
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

    return [
        Figure("main thread, all of the page without the snippet", "ms", of(False, "thread")),
        Figure(
            "main thread, all of the page with it",
            "ms",
            of(True, "thread"),
            of="main thread, all of the page without the snippet",
        ),
        Figure("main thread, the snippet's own", "ms", of(True, "script"), reach="≤ 10 ms"),
        Figure("requests of the snippet", "requests", _more(of(True, "requests"), of(False, "requests")), reach="1"),
        Figure("transferred for the snippet, its head too", "bytes", _more(of(True, "bytes"), of(False, "bytes"))),
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
        devtools.send(f"{domain}.enable", {"timeDomain": "threadTicks"} if domain == "Performance" else {})
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
    browser.start_tracing(page=page, categories=["devtools.timeline", "disabled-by-default-devtools.timeline", "v8"])
    page.goto(url)
    page.wait_for_timeout(WATCHED)
    traced = json.loads(browser.stop_tracing())["traceEvents"]
    found = {one["name"]: one["value"] for one in devtools.send("Performance.getMetrics")["metrics"]}
    shift = page.evaluate(SHIFTS)
    context.close()
    return {
        "thread": found["TaskDuration"] * 1000,
        "script": _script(traced),
        "requests": len([url for url in asked if not url.startswith("data:")]),
        "bytes": sum(transferred),
        "shift": shift,
    }


def _script(events: list[dict[str, Any]]) -> float:
    """Milliseconds of the main thread that the trace puts down to the snippet; what happens within another is counted
    once."""
    ours = [
        (event["ts"], event["ts"] + event["dur"], event["tdur"])
        for event in events
        if event.get("tdur") and "/widget/" in json.dumps(event.get("args", {}))
    ]
    outermost = [
        one for one in ours if not any(other[0] <= one[0] and one[1] <= other[1] and other != one for other in ours)
    ]
    return sum(own for _begun, _ended, own in outermost) / 1000


@contextmanager
def _chromium() -> Iterator[Browser]:
    executable = next(path for path in map(which, CHROMIUM_NAMES) if path)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_SWITCHES)
        yield browser
        browser.close()
