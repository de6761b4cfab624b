"""The factory: wires everything, nothing else."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask
from flask_wtf.csrf import CSRFProtect
from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader

import leadcapture.hooks  # noqa: F401 importing them is what connects them
from leadcapture import db, health, logs, metrics, ratelimit, signing, socketio, uploads, web
from leadcapture.chat import routes as chat_routes
from leadcapture.chat import sockets as chat_sockets
from leadcapture.chat.sockets import by_http as chat_events
from leadcapture.console import (
    canned,
    chat,
    contacts,
    form_entries,
    form_place,
    form_rows,
    form_versions,
    forms,
    held,
    home,
    imports,
    inbox,
    inbox_files,
    invitations,
    outbox,
    proofs,
    protection,
    quarantine,
    recipient,
    retention,
    site,
    statements,
    team,
    tokens,
    transcripts,
)
from leadcapture.demo import routes as demo_routes
from leadcapture.forms import kinds
from leadcapture.forms import pages as form_pages
from leadcapture.forms import routes as form_routes
from leadcapture.forms import short as form_short
from leadcapture.guard import mx
from leadcapture.guard import routes as guard
from leadcapture.mail import caps, dkim, transports
from leadcapture.mail import routes as mail_routes
from leadcapture.operators import routes as operator_routes
from leadcapture.privacy import pages as privacy_pages
from leadcapture.privacy import routes as privacy_routes
from leadcapture.privacy.proof import routes as proof_routes
from leadcapture.repermission import routes as repermission_routes
from leadcapture.settings import Settings
from leadcapture.snippet import routes as snippet_routes

# Edges that people reach with a session cookie: their forms carry a CSRF token.
PAGES = (
    operator_routes,
    home,
    inbox,
    inbox_files,
    invitations,
    transcripts,
    canned,
    contacts,
    imports,
    quarantine,
    forms,
    form_rows,
    form_place,
    form_entries,
    form_versions,
    held,
    proofs,
    statements,
    outbox,
    site,
    retention,
    chat,
    protection,
    recipient,
    team,
    tokens,
)
# Edges that carry their own proof (a token, a bearer) or need none, and know no cookie.
OPEN = (
    health,
    metrics,
    snippet_routes,
    chat_routes,
    chat_events,
    form_routes,
    form_pages,
    form_short,
    privacy_routes,
    privacy_pages,
    mail_routes,
    proof_routes,
    repermission_routes,
)


def configure(settings: Settings) -> None:
    """Have everything that is one for the whole process go by these settings."""
    logs.configure(settings)
    kinds.use_folder(settings.form_kinds)
    signing.configure(settings.secret_keys)
    ratelimit.configure(settings)
    mx.configure(settings)
    caps.configure(settings)
    transports.configure(smtp_url=settings.smtp_url, public_url=settings.public_url)
    dkim.configure(settings)
    uploads.configure(settings)
    db.connect(settings.database_url)


def create_app(settings: Settings, *, demo: bool = False) -> Flask:
    """The whole service as one WSGI application on the configured database, which must be migrated.

    `demo` adds the host page of a demo shop at /demo.
    """
    configure(settings)
    app = Flask("leadcapture", static_folder=web.STATIC, static_url_path="/static", template_folder="templates")
    app.config.update(
        SECRET_KEY=settings.secret_keys[0],
        SECRET_KEY_FALLBACKS=settings.secret_keys[1:],
        SESSION_COOKIE_NAME="leadcapture",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure,
        PERMANENT_SESSION_LIFETIME=timedelta(days=14),
        MAX_CONTENT_LENGTH=1_000_000,
        MAX_FORM_MEMORY_SIZE=500_000,
        WTF_CSRF_TIME_LIMIT=None,
        LEADCAPTURE=settings,
    )
    # Sockets first: what web.init puts around the application (trusted proxies) must be around them too.
    socketio.init(app, settings)
    web.init(app, settings)
    logs.init(app, settings)
    guard.init(app)
    csrf = CSRFProtect(app)
    for edge in PAGES:
        app.register_blueprint(edge.blueprint)
    for edge in OPEN:
        app.register_blueprint(edge.blueprint)
        csrf.exempt(edge.blueprint)
    pages, calls = kinds.blueprints()
    for blueprint in (*pages, *calls):
        app.register_blueprint(blueprint)
    for blueprint in calls:
        csrf.exempt(blueprint)
    if settings.form_kinds:
        # A kind of one's own brings its page beside its module.
        own = PrefixLoader({"forms": PrefixLoader({"kinds": FileSystemLoader(settings.form_kinds)})})
        app.jinja_loader = ChoiceLoader([app.jinja_loader, own])  # type: ignore[list-item]  # Flask says it may be None
    if demo:
        app.register_blueprint(demo_routes.blueprint)

    chat_sockets.register(settings)
    return app
