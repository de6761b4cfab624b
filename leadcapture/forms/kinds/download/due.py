"""What is to be done for files by the clock: nothing but sweeping up."""

from __future__ import annotations

from datetime import datetime

from leadcapture import uploads


def run(now: datetime) -> None:
    """Delete uploads that were broken off a day ago."""
    uploads.sweep(now)
