"""What the service weighs and what a start costs: memory of all its processes, shared pages by share (PSS), and the
processor's time until it answers."""

from __future__ import annotations

import http.cookiejar
import re
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figures import Figure
from tests.servers import Process, Redis, Service

ROUNDS = 3
SETTLED = 4.0  # seconds after the first answer: the jobs have had their first look by then

ALL, USED, APART, THREE = (
    "idle: web and jobs together",
    "the same, each page of the console visited",
    "idle: web, and jobs as a service of their own",
    "idle: three web processes and their jobs",
)


def run() -> list[Figure]:
    found: dict[str, list[float]] = {name: [] for name in (ALL, USED, APART, THREE)}
    cpu: list[float] = []
    for _ in range(ROUNDS):
        with _serving() as service:
            cpu.append(sum(map(_cpu, _tree(service.process))))
            time.sleep(SETTLED)
            found[ALL].append(_pss(service.process))
            _visit(service)
            found[USED].append(_pss(service.process))
        with _serving("--no-jobs") as service:
            jobs = service.begin("jobs")
            time.sleep(2 * SETTLED)
            found[APART].append(_pss(service.process) + _pss(jobs))
            jobs.terminate()
            jobs.wait(20)
        with (
            tempfile.TemporaryDirectory() as folder,
            Redis(Path(folder)) as redis,
            _serving(WORKERS="3", REDIS_URL=redis.url) as service,
        ):
            time.sleep(SETTLED)
            found[THREE].append(_pss(service.process))
    reach = {ALL: "≤ 150 MiB"}
    return [
        *(Figure(name, "MiB", values, reach=reach.get(name, "")) for name, values in found.items()),
        Figure("a start until it answers, of the processor", "s", cpu),
    ]


class _serving(Service):
    """`with _serving("--no-jobs") as service:` the service as users start it, with the demo's data, answering."""

    preloaded = False

    def __init__(self, *options: str, **settings: str) -> None:
        self._folder = tempfile.TemporaryDirectory()
        super().__init__(Path(self._folder.name), command=("serve", *options), **settings)

    def __enter__(self) -> _serving:
        super().__enter__()
        self.seed_demo()
        self.run(
            "doctor", check=False
        )  # what is compiled is written down, as it is on every machine but for the first start
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self._folder.cleanup()


def _tree(process: Process | None) -> Iterator[int]:
    """The process and all it has started."""
    assert process is not None
    waiting = [process.pid]
    while waiting:
        pid = waiting.pop()
        yield pid
        waiting += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def _pss(process: Process | None) -> float:
    """MiB of the process and all it has started."""
    kib = 0
    for pid in _tree(process):
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        kib += int(rollup.partition("\nPss:")[2].split()[0])
    return kib / 1024


def _cpu(pid: int) -> float:
    """Seconds that the process has had so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def _visit(service: Service) -> None:
    """Sign in as the owner and look at every page that the console's menu leads to."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    with browser.open(f"{service.url}/console/sign-in", timeout=60) as answer:
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', answer.read().decode())
    assert token
    owner = service.operator("owner")
    fields = {"email": owner["email"], "password": owner["password"], "csrf_token": token[1]}
    with browser.open(f"{service.url}/console/sign-in", urllib.parse.urlencode(fields).encode(), 60) as answer:
        page = answer.read().decode()
    paths = sorted(set(re.findall(r'href="(/console/[^"#?]*)"', page)) - {"/console/sign-out"})
    assert len(paths) > 3, paths
    for path in paths:
        with browser.open(service.url + path, timeout=60) as answer:
            answer.read()
