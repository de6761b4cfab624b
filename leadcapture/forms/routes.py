from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("forms", __name__)
