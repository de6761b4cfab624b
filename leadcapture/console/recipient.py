from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("console_recipient", __name__)
