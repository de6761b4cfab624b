from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("snippet", __name__)
