from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("console_team", __name__)
