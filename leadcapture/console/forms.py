from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("console_forms", __name__)
