"""What every HTTP edge shares: reading a body, answering errors, CSV files, security headers, static files,
compression."""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Concatenate, ParamSpec

from flask import (
    Flask,
    Request,
    Response,
    current_app,
    g,
    jsonify,
    render_template,
    request,
    send_file,
    stream_with_context,
)
from flask.json.provider import DefaultJSONProvider
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from itsdangerous import SignatureExpired, TimestampSigner, URLSafeTimedSerializer
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.middleware.proxy_fix import ProxyFix

from leadcapture import bounded_json, clock, db, i18n, uploads
from leadcapture.errors import Invalid, LeadCaptureError, NotFound, RateLimited, Unavailable
from leadcapture.i18n import gettext as _
from leadcapture.settings import Settings

log = logging.getLogger("leadcapture.web")
P = ParamSpec("P")

PACKAGE = Path(__file__).parent
# In a wheel the built files lie inside the package, in a checkout beside it.
STATIC = next(folder for folder in (PACKAGE / "static", PACKAGE.parent / "static") if folder.is_dir())

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
BESIDE_A_FILE = 100_000  # bytes that a form with a file in it weighs beside the file
MOST_READ_IN_VAIN = 50_000_000  # bytes of a body that is refused all the same
MOST_FIELDS = 1_000  # in one form; the largest of ours, an order of 50 items, has some 200
COMPRESSIBLE = ("text/", "application/json", "application/javascript", "image/svg+xml")


def init(app: Flask, settings: Settings) -> None:
    """Give the application the error answers, headers, languages and helpers of all pages."""
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]  # as Werkzeug says to
    app.json = _JSON(app)
    app.request_class = _Request
    app.session_interface = _Sessions()
    app.ensure_sync = _as_it_is  # type: ignore[method-assign, assignment]  # nothing of ours is async
    app.before_request(_choose_language)
    app.before_request(_refuse_odd_addresses)
    app.after_request(_add_headers)
    app.after_request(_compress)
    app.register_error_handler(LeadCaptureError, _answer_error)
    app.register_error_handler(HTTPException, _answer_http_error)
    for error in db.UNSTORABLE:
        app.register_error_handler(error, _answer_unstorable)
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(i18n.gettext, i18n.ngettext, newstyle=True)  # type: ignore[attr-defined]  # of the extension
    app.jinja_env.globals.update(
        static_url=static_url, language=i18n.language, direction=lambda: i18n.direction(i18n.language())
    )


class _JSON(DefaultJSONProvider):
    """Reads what strangers send within bounds."""

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        return bounded_json.loads(s, **kwargs)


class _FormDataParser(FormDataParser):
    """Reads forms of at most MOST_FIELDS fields, without the NULs that no database keeps. (werkzeug counts only the
    parts of forms that bring files.)"""

    def parse(self, *args: Any, **kwargs: Any) -> Any:
        stream, form, files = super().parse(*args, **kwargs)
        if sum(len(values) for values in form.listvalues()) > MOST_FIELDS:
            raise RequestEntityTooLarge
        if any("\0" in text for pair in form.items(multi=True) for text in pair):
            form = self.cls([(bounded_json.clean(n), bounded_json.clean(v)) for n, v in form.items(multi=True)])
        return stream, form, files


class _Request(Request):
    form_data_parser_class = _FormDataParser


def _as_it_is(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


class _Signer(TimestampSigner):
    """Believes also what was signed at a moment that is yet to come: nobody else can have signed it, and a clock that
    is put back signs nobody out."""

    def unsign(self, signed_value: str | bytes, max_age: int | None = None, return_timestamp: bool = False) -> Any:
        try:
            return super().unsign(signed_value, max_age, return_timestamp)  # type: ignore[call-overload]  # one call for its two overloads
        except SignatureExpired as error:
            if error.date_signed is None or error.date_signed <= clock.now():
                raise
            return super().unsign(signed_value, None, return_timestamp)  # type: ignore[call-overload]  # one call for its two overloads


class _Sessions(SecureCookieSessionInterface):
    """Visitors bring no cookie and get none: for them nothing is made ready to read or write one."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        return super().open_session(app, request) if "HTTP_COOKIE" in request.environ else self.session_class()

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        made = super().get_signing_serializer(app)
        if made is not None:
            made.signer = _Signer
        return made

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if session or session.modified or session.accessed:
            super().save_session(app, session, response)


def receive() -> None:
    """Wait for the body, however slowly it comes: before anything is held that others wait for, such as a connection
    to the database."""
    request.get_data(parse_form_data=True)


def body() -> MultiDict[str, str]:
    """The request's fields, whether they came as JSON or form-encoded; a JSON list is a repeated field.

    Raises Invalid for JSON that is no object of texts, numbers, truths and lists of them.
    """
    if not request.is_json:
        return MultiDict(request.form)
    given = request.get_json(silent=True)
    if not isinstance(given, dict):
        raise Invalid("The body must be a JSON object.", code="bad_request")
    fields: MultiDict[str, str] = MultiDict()
    for name, value in given.items():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict | list):
                raise Invalid("The body must be a flat JSON object.", code="bad_request")
            if item is not None and item is not False:
                fields.add(str(name), "on" if item is True else str(item))
    return fields


def client_ip() -> str:
    """The address the request came from, as far as the trusted proxies tell."""
    return request.remote_addr or ""


def bearer() -> str | None:
    """The token of the Authorization header, if it has one."""
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def allow_origin(response: Response) -> Response:
    """Let the page that asked read this answer. Call it only after the origin was checked against the site."""
    origin = request.headers.get("Origin")
    response.vary.add("Origin")
    if origin:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
        response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
        response.headers["Access-Control-Expose-Headers"] = "Retry-After"
        response.headers["Access-Control-Max-Age"] = "600"
    return response


def csv_download(
    name: str, rows: Callable[Concatenate[Session, P], Iterator[str]], *args: P.args, **more: P.kwargs
) -> Response:
    """The lines of `rows(session, …)` as a CSV file (RFC 4180) to keep, called `name` and the day, sent as they are
    read from the database."""

    def lines() -> Iterator[str]:
        # A spreadsheet takes a file without this mark for one in the code page of its country.
        yield "\ufeff"
        with db.read() as reading:
            yield from rows(reading, *args, **more)

    answer = Response(stream_with_context(lines()), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}-{clock.now():%Y-%m-%d}.csv"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def allow_upload(most: int) -> None:
    """Let this request bring a file of at most `most` bytes. To be said before anything reads the body.

    Raises uploads.TooLarge, with nothing kept, when the request says that it brings more.
    """
    request.max_content_length = most + BESIDE_A_FILE
    length = request.content_length or 0
    if length <= request.max_content_length:
        return
    if length <= MOST_READ_IN_VAIN:
        # A browser that is cut off while it sends shows no answer: let it come to the end, and hear why not.
        while length > 0 and (chunk := request.environ["wsgi.input"].read(min(length, uploads.CHUNK))):
            length -= len(chunk)
    raise uploads.too_large(most)


def uploaded(most: int) -> FileStorage:
    """The file in the field `file`, read to a temporary file as it came in. Raises Invalid when there is none, and
    uploads.TooLarge for one that did not say how large it is."""
    try:
        given = request.files.get("file")
    except RequestEntityTooLarge as error:
        raise uploads.too_large(most) from error
    if not given or not given.filename:
        raise Invalid(_("Choose a file first."), code="bad_request")
    return given


def attachment(path: Path, name: str, content_type: str) -> Response:
    """A file that somebody uploaded, to be saved and never shown: a browser that shows it all the same runs nothing of
    it."""
    # The name stands there twice, once for each generation of browsers (RFC 6266, RFC 5987).
    response = send_file(
        path, mimetype=content_type, as_attachment=True, download_name=name, conditional=False, etag=False
    )
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers.pop("Last-Modified", None)
    return response


@cache
def manifest() -> dict[str, str]:
    """Which hashed file each built file is: {"panel.js": "panel-1a2b3c4d.js", …}."""
    content: dict[str, str] = json.loads((STATIC / "manifest.json").read_text(encoding="utf-8"))
    return content


def static_url(name: str) -> str:
    """The path of a built file that may be kept for ever, for example /static/panel-1a2b3c4d.js."""
    return f"/static/{manifest()[name]}"


def wants_json() -> bool:
    """Whether the asker is a program (the widget, the API) and not a person who reads a page."""
    if request.path.startswith(("/v1/", "/api/")):
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return best == "application/json"


def error_body(error: LeadCaptureError) -> dict[str, Any]:
    """The error as the widget and the API read it."""
    body: dict[str, Any] = {"code": error.code, "message": error.message}
    if isinstance(error, Invalid) and error.fields:
        body["fields"] = error.fields
    return {"error": body}


def _answer_error(error: LeadCaptureError) -> Response:
    away = isinstance(error, Unavailable)
    if away and request.method == "OPTIONS":
        # A browser that may not ask reads no answer: let the call itself be told.
        return allow_origin(Response(status=204))
    again = _sent_fields() if away and request.method == "POST" and not wants_json() else None
    response = _error_response(error.status, error_body(error), error.message, again=again)
    if isinstance(error, RateLimited | Unavailable):
        response.headers["Retry-After"] = str(error.retry_after)
    # Which origins may ask is not known while the database is away; that it is says nothing of anybody.
    return allow_origin(response) if away and request.path.startswith("/v1/") else _readable_by_checked_origin(response)


def _sent_fields() -> list[tuple[str, str]] | None:
    """What was typed into the form that could not be taken, to be sent again by one press; None where it brought a
    password or may have brought a file, which no page gives back."""
    if request.mimetype != "application/x-www-form-urlencoded" or any("password" in name for name in request.form):
        return None
    return list(request.form.items(multi=True))


def _answer_http_error(error: HTTPException) -> Response:
    if error.response is not None:
        return error.response  # type: ignore[return-value]  # Werkzeug's, of a redirect
    code = (error.name or "error").lower().replace(" ", "_")
    body = {"error": {"code": code, "message": error.description or ""}}
    response = _error_response(error.code or 500, body, "")
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            response.headers[name] = value
    return _readable_by_checked_origin(response)


def _error_response(
    status: int, body: dict[str, Any], message: str, *, again: list[tuple[str, str]] | None = None
) -> Response:
    if wants_json():
        response = jsonify(body)
    else:
        page = render_template("errors/error.html", status=status, message=message, again=again)
        response = current_app.make_response(page)
    response.status_code = status
    return response


def _readable_by_checked_origin(response: Response) -> Response:
    # An edge that has checked the origin notes so; then the page may read the error too.
    return allow_origin(response) if g.get("origin_checked") else response


def _answer_unstorable(_error: Exception) -> Response:
    # Every edge checks what it takes; what one let through all the same was never written, and is no fault of ours.
    log.warning("What came to %s does not fit into the database.", request.endpoint)
    return _answer_error(Invalid(_("Something in this is too long or not of the kind that is expected.")))


def _refuse_odd_addresses() -> None:
    """Raises NotFound, Invalid for an address with a NUL in it, which no database takes."""
    if "\0" in request.path:
        raise NotFound("No such page.")
    if b"%00" in request.query_string:
        raise Invalid(_("This address cannot be read."), code="bad_request")


def _choose_language() -> None:
    i18n.use(i18n.best(request.args.get("lang"), *(code for code, _quality in request.accept_languages)))


def _add_headers(response: Response) -> Response:
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "strict-origin-when-cross-origin")
    if response.mimetype == "text/html":
        response.headers.setdefault("Content-Security-Policy", CSP)
        response.headers.setdefault("Cache-Control", "no-store")
    if request.path.startswith("/static/"):
        # Modules are imported across origins, which asks for CORS; names carry a hash of the content.
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        hashed = request.path.removeprefix("/static/") in manifest().values()
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if hashed else "public, max-age=60"
    if current_app.config["SESSION_COOKIE_SECURE"]:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response


def _compress(response: Response) -> Response:
    if response.status_code != 200 or (response.is_streamed and not request.path.startswith("/static/")):
        return response
    if not (response.mimetype or "").startswith(COMPRESSIBLE) or "Content-Encoding" in response.headers:
        return response
    response.vary.add("Accept-Encoding")
    if not request.accept_encodings["gzip"]:
        return response
    response.direct_passthrough = False
    content = response.get_data()
    if len(content) > 500:
        response.set_data(_gzip(content))
        response.headers["Content-Encoding"] = "gzip"
        # The compressed bytes are others: a strong tag of the plain ones would lie.
        tag, _weak = response.get_etag()
        if tag:
            response.set_etag(tag, weak=True)
    return response


@lru_cache(maxsize=64)
def _gzip(content: bytes) -> bytes:
    return gzip.compress(content, compresslevel=9, mtime=0)
