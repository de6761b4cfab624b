from __future__ import annotations

from tests.console.conftest import browser, somebody
from tests.forms.conftest import forms, mailed, visitor

__all__ = ["browser", "forms", "mailed", "somebody", "visitor"]
