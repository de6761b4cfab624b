"""The forms by which people come to be known, as the tests of forms have them, and operators at the console."""

from tests.console.conftest import browser, somebody
from tests.forms.conftest import confirm, forms, mailed, make_form, visitor

__all__ = ["browser", "confirm", "forms", "mailed", "make_form", "somebody", "visitor"]
