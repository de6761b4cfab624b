"""Where a form stands: its own page with short link and QR code, inside pages, and shown by itself."""

from __future__ import annotations

import io
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from leadcapture import clock, db
from leadcapture.console.forms import frame, public_url
from leadcapture.forms import operations, queries
from leadcapture.forms.placement import PlacementForm, placement_of
from leadcapture.i18n import gettext as _
from leadcapture.operators import session

blueprint = Blueprint("console_form_place", __name__)

PRINTED = 24  # pixels a module of the PNG: sharp on a poster, still small


@blueprint.get("/console/forms/<public_id>/place")
@session.require("admin")
def place(public_id: str) -> str:
    """Where the form stands now."""
    found = _found(public_id)
    return _page(found, PlacementForm(data=found.placement or {}), inline=found.inline)


@blueprint.post("/console/forms/<public_id>/place")
@session.require("admin")
def save(public_id: str) -> tuple[str, int] | BaseResponse:
    """Take over where the form shall stand."""
    found, inline = _found(public_id), "form_inline" in request.form
    placement = PlacementForm(request.form)
    if not placement.validate():
        return _page(found, placement, inline=inline), 422
    db.write(
        operations.place,
        clock.now(),
        site_id=session.current_site().id,
        public_id=public_id,
        inline=inline,
        placement=placement_of(placement),
    )
    flash(_("Saved."), "good")
    return redirect(url_for(".place", public_id=public_id))


@blueprint.get("/console/forms/<public_id>/qr.svg")
@session.require("admin")
def qr_svg(public_id: str) -> Response:
    """The QR code of the short link as a drawing, black on white in any light."""
    found, drawn = _found(public_id), io.BytesIO()
    _code(found).save(drawn, kind="svg", border=4, light="#ffffff", svgclass=None, lineclass=None, omitsize=True)
    return _image(drawn, "image/svg+xml", found, "svg", download="download" in request.args)


@blueprint.get("/console/forms/<public_id>/qr.png")
@session.require("admin")
def qr_png(public_id: str) -> Response:
    """The QR code of the short link as a picture to print."""
    found, drawn = _found(public_id), io.BytesIO()
    _code(found).save(drawn, kind="png", border=4, scale=PRINTED)
    return _image(drawn, "image/png", found, "png", download=True)


def short_url(form: Any) -> str:
    """The form's short link."""
    return f"{public_url()}/s/{form.short}"


def _found(public_id: str) -> Any:
    with db.read() as reading:
        return queries.by_public_id(reading, session.current_site().id, public_id)


def _code(found: Any) -> Any:
    import segno  # here, because it takes long and starting must not

    # Level M: still read with 15 % of it dirty or torn (ISO/IEC 18004); more would make it denser.
    return segno.make(short_url(found), error="m", micro=False, boost_error=False)


def _image(drawn: io.BytesIO, mimetype: str, found: Any, ending: str, *, download: bool) -> Response:
    answer = Response(drawn.getvalue(), mimetype=mimetype)
    answer.headers["Cache-Control"] = "private, max-age=3600"
    if download:
        answer.headers["Content-Disposition"] = f'attachment; filename="{found.slug}-qr.{ending}"'
    return answer


def _page(found: Any, placement: PlacementForm, *, inline: bool) -> str:
    return render_template(
        "console/form_place.html",
        form=found,
        placement=placement,
        inline=inline,
        page_url=frame(found).page_url,
        short_url=short_url(found),
        embed=f'<div data-leadcapture-form="{found.slug}"></div>',
    )
