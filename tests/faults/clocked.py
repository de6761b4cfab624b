"""A service whose clock is put forward and back while it runs, by a file; what counts since the start of the machine
goes on as it does. As a program this module is that service: `python -m tests.faults.clocked` and a command."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests import preloaded
from tests.servers import ROOT, Process, Service


class Clocked(Service):
    """As Service; `jump` puts its clock."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        super().__init__(folder, **settings)
        self._by = folder / "clock"

    @property
    def environ(self) -> dict[str, str]:
        return super().environ | {"CLOCK_FILE": str(self._by), "PYTHONPATH": str(ROOT)}

    def jump(self, hours: float) -> None:
        """The clock shows so many hours more (fewer) than the real time from now on."""
        made = self._by.with_suffix(".new")
        made.write_text(str(hours * 3600))
        made.rename(self._by)

    def begin(self, *arguments: str) -> Process:
        with Path(os.devnull).open("rb") as nothing, self.log.open("ab") as log:
            return preloaded.Process(
                ["tests.faults.clocked", *arguments],
                env=self.environ,
                cwd=self.folder,
                stdin=nothing,
                stdout=log,
                stderr=log,
            )


def main() -> None:
    from leadcapture import __main__, clock

    file, real = Path(os.environ["CLOCK_FILE"]), time.time

    def seconds() -> float:
        return real() + (float(file.read_text()) if file.exists() else 0.0)

    time.time = seconds
    clock.now = lambda: datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds())
    __main__.main()


if __name__ == "__main__":
    main()
