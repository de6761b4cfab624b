from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("operators", __name__)
