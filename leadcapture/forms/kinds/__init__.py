"""The form kinds: one module or package each, found by looking into this folder, and into one of the site owner's own
(`use_folder`). A bad one stops the start.

What a package brings beside its KIND is found by the name of the module: `models` (its tables), `routes` (`blueprints`
for the console, `open_blueprints` for visitors and programs), `due` (`run(now)`, a job), `commands` (`commands`).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import TYPE_CHECKING

from leadcapture.errors import BadSetting, NotFound, Unavailable
from leadcapture.forms.kind import BadKind, FormKind

if TYPE_CHECKING:
    from click import Command
    from flask import Blueprint

log = logging.getLogger("leadcapture.forms")
_ours = list(__path__)


def use_folder(folder: str) -> None:
    """Look into this folder too (the setting FORM_KINDS); nothing: only into ours. Raises BadSetting where there is no
    such folder."""
    if folder and not Path(folder).is_dir():
        raise BadSetting(f"LEADCAPTURE_FORM_KINDS: there is no folder {folder}.")
    wanted = [*_ours, *([str(Path(folder).resolve())] if folder else [])]
    if wanted != list(__path__):
        __path__[:] = wanted
        registry.cache_clear()


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


def blueprints() -> tuple[list[Blueprint], list[Blueprint]]:
    """The pages and calls that kinds bring along: those of the console, and those for visitors and programs, who come
    without a session."""
    pages: list[Blueprint] = []
    calls: list[Blueprint] = []
    for routes in _brought("routes"):
        pages += getattr(routes, "blueprints", [])
        calls += getattr(routes, "open_blueprints", [])
    return pages, calls


def commands() -> list[Command]:
    """The commands that kinds bring along."""
    return [command for module in _brought("commands") for command in module.commands]


def import_models() -> None:
    """Have the tables of kinds known."""
    _brought("models")


def run_due(now: datetime) -> None:
    """The job: whatever kinds have to do by now. What fails in one kind keeps no other from its work. Raises
    Unavailable."""
    for module in _brought("due"):
        try:
            module.run(now)
        except Unavailable:
            raise  # the others could do nothing either
        except Exception:
            log.exception("%s failed", module.__name__)


def _brought(name: str) -> list[ModuleType]:
    packages = [module for module in iter_modules(__path__) if module.ispkg]
    names = [f"{__name__}.{package.name}.{name}" for package in packages]
    return [import_module(one) for one in names if find_spec(one)]
