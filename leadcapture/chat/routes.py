from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("chat", __name__)
