"""The program that checks proofs, for everybody."""

from __future__ import annotations

from flask import Blueprint, Response

from leadcapture.privacy.proof.rendering import CHECKER

blueprint = Blueprint("proof", __name__)


@blueprint.get("/check_proof.py")
def checker() -> Response:
    """The program, to save, to read and to run."""
    answer = Response(CHECKER.read_bytes(), mimetype="text/x-python")
    answer.headers["Content-Disposition"] = f'attachment; filename="{CHECKER.name}"'
    return answer
