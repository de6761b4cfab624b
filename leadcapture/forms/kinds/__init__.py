"""The form kinds: one module or package each, found by looking into this folder. A bad one stops the start."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from leadcapture.errors import NotFound
from leadcapture.forms.kind import BadKind, FormKind

if TYPE_CHECKING:
    from flask import Blueprint


def discover(folders: Iterable[str], package: str) -> dict[str, FormKind]:
    """Every kind in these folders of `package`, by name. Raises BadKind, naming the module, for one that cannot be
    used."""
    found: dict[str, FormKind] = {}
    for module in sorted(iter_modules(folders), key=lambda module: module.name):
        kind = getattr(import_module(f"{package}.{module.name}"), "KIND", None)
        if not isinstance(kind, FormKind):
            raise BadKind(f"{package}.{module.name} exposes no KIND that is a FormKind.")
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", kind.name):
            raise BadKind(f"{package}.{module.name}: {kind.name!r} is no name for a form kind.")
        if kind.name in found:
            raise BadKind(f"{package}.{module.name}: there already is a form kind {kind.name!r}.")
        kind.check()
        found[kind.name] = kind
    return found


@cache
def registry() -> dict[str, FormKind]:
    """Every kind there is, by name."""
    return discover(__path__, __name__)


def by_name(name: str) -> FormKind:
    """The kind of that name. Raises NotFound."""
    try:
        return registry()[name]
    except KeyError as error:
        raise NotFound("No such form kind.") from error


def blueprints() -> list[Blueprint]:
    """The pages and calls that kinds bring along: `blueprints` in the `routes` of those that are packages."""
    registry()
    found: list[Blueprint] = []
    for module in iter_modules(__path__):
        if module.ispkg and find_spec(f"{__name__}.{module.name}.routes"):
            found += import_module(f"{__name__}.{module.name}.routes").blueprints
    return found
