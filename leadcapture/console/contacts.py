from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("console_contacts", __name__)
