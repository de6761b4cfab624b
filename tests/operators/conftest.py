"""The same browser without scripts as the console's tests use."""

from tests.console.conftest import browser, somebody

__all__ = ["browser", "somebody"]
