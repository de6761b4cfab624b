from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("consent", __name__)
