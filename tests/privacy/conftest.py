"""The forms by which people come to be known, as the tests of forms have them."""

from tests.forms.conftest import confirm, forms, mailed, make_form, visitor

__all__ = ["confirm", "forms", "mailed", "make_form", "visitor"]
