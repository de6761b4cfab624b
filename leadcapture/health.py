"""Whether the process lives and whether it can work: for load balancers and for people who look."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify
from sqlalchemy import text

from leadcapture import db

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def alive() -> Response:
    """The process answers; nothing else is asked."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def ready() -> tuple[Response, int]:
    """Each part with "ok" or what is wrong with it; 503 when one is not well."""
    parts = {"database": "ok"}
    try:
        with db.read() as session:
            session.execute(text("SELECT 1 FROM sites LIMIT 1"))
    except Exception as error:  # a readiness answer names every failure by its class, whatever it was
        parts["database"] = type(error).__name__
    well = all(state == "ok" for state in parts.values())
    return jsonify(status="ok" if well else "unavailable", parts=parts), 200 if well else 503
