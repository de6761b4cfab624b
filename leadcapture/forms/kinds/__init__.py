"""The form kinds: one module or package each, found by the registry."""

from __future__ import annotations

from flask import Blueprint


def blueprints() -> list[Blueprint]:
    return []
