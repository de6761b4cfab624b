"""The entry point. gevent must patch the standard library before psycopg is imported, or that would block silently."""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()


def main() -> None:
    """Run the command line."""
    from leadcapture.cli import leadcapture  # after the patch, as said above

    leadcapture(prog_name="leadcapture")


if __name__ == "__main__":
    main()
