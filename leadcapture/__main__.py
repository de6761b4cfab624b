"""The entry point. gevent must patch the standard library before psycopg is imported, or that would block silently."""

from __future__ import annotations

import gc

from gevent import monkey

monkey.patch_all()


def main() -> None:
    """Run the command line."""
    # Importing makes much and throws nothing away: looking for garbage meanwhile is a fifth of a start.
    gc.disable()
    from leadcapture.cli import leadcapture  # after the patch, as said above

    gc.freeze()
    gc.enable()
    leadcapture(prog_name="leadcapture")


if __name__ == "__main__":
    main()
