from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("form_pages", __name__)
