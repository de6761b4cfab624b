"""Signing in and out, the first set-up, and accepting an invitation."""

from __future__ import annotations

import gevent
from flask import Blueprint, redirect, render_template, request, url_for
from gevent.lock import BoundedSemaphore
from werkzeug.wrappers import Response

from leadcapture import addresses, clock, db, networks, ratelimit, web
from leadcapture.addresses import Address
from leadcapture.errors import Invalid, LeadCaptureError, RateLimited
from leadcapture.i18n import gettext as _
from leadcapture.operators import operations, presence, queries, rules, session

blueprint = Blueprint("operators", __name__)

# How many passwords are checked at a time: each takes 64 MiB, and whoever guesses in parallel gains nothing.
_checks = BoundedSemaphore(2)


@blueprint.get("/console/sign-in")
def sign_in() -> str | Response:
    """The sign-in form; who is signed in already goes on."""
    if session.signed_in() is not None:
        return redirect(rules.local_console_path(request.args.get("next")))
    return _sign_in_page()


@blueprint.post("/console/sign-in")
def do_sign_in() -> tuple[str, int, dict[str, str]] | Response:
    """Check the password; unknown addresses and wrong passwords are told apart neither by words nor by time."""
    try:
        with _checks:
            _check_password()
    except RateLimited as error:
        refused = ratelimit.refusal(_("Too many attempts."), error.retry_after)
        return _sign_in_page(refused.message), 429, {"Retry-After": str(error.retry_after)}
    except Invalid as error:
        return _sign_in_page(error.message), 422, {}
    return redirect(rules.local_console_path(request.form.get("next")))


@blueprint.post("/console/sign-out")
def sign_out() -> Response:
    """End the session; the operator is away at once, unless another device is signed in too."""
    operator = session.signed_in()
    if operator is not None:
        db.write(presence.signed_out, clock.now(), operator.id, session.device())
    session.sign_out()
    return redirect(url_for("operators.sign_in"))


@blueprint.get("/console/set-up/<token>")
def set_up(token: str) -> str:
    """The form by which the first owner makes an account and the first site."""
    with db.read() as reading:
        operations.check_setup(reading, token)
    return _set_up_page({})


@blueprint.post("/console/set-up/<token>")
def do_set_up(token: str) -> tuple[str, int] | Response:
    """Make the account and the site, and sign in."""
    origin = request.form.get("site_url", "").strip().rstrip("/")
    try:
        operator = db.write(
            operations.set_up,
            clock.now(),
            token=token,
            email=addresses.parse(request.form.get("email", "")),
            name=request.form.get("name", ""),
            password=request.form.get("password", ""),
            site_name=request.form.get("site_name", ""),
            origins=[_origin(origin)] if origin else [],
        )
    except Invalid as error:
        return _set_up_page(_set_up_fields(error)), 422
    session.sign_in(operator)
    return redirect(url_for("console.home"))


@blueprint.get("/console/invitation/<token>")
def invitation(token: str) -> str:
    """The form by which an invited operator chooses a password."""
    with db.read() as reading:
        operator = operations.invited(reading, token)
    return render_template("operators/invitation.html", email=operator.email, name=operator.name, problems={})


@blueprint.post("/console/invitation/<token>")
def do_accept(token: str) -> tuple[str, int] | Response:
    """Take the password and sign in."""
    name = request.form.get("name", "")
    try:
        operator = db.write(
            operations.accept_invitation, clock.now(), token=token, name=name, password=request.form.get("password", "")
        )
    except Invalid as error:
        with db.read() as reading:
            email = operations.invited(reading, token).email
        page = render_template("operators/invitation.html", email=email, name=name, problems=error.fields)
        return page, 422
    session.sign_in(operator)
    return redirect(url_for("console.home"))


def _check_password() -> None:
    typed = request.form.get("email", "")
    address = _address_or_none(typed)
    account = address.key if address else typed.strip().casefold()[:320]
    failures = (
        ("account", account, 1),
        ("ip", networks.address(web.client_ip()), 3),
        ("network", networks.network(web.client_ip()), 30),
    )
    for kind, key, times in failures:
        if not ratelimit.allowed("RATE_SIGN_IN", kind, key, times=times):
            ratelimit.hit("RATE_SIGN_IN", kind, key, times=times)  # raises, with the time to wait

    with db.read() as reading:
        operator = queries.by_email(reading, account)
    stored = operator.password_hash if operator else None
    password = request.form.get("password", "")[: rules.LONGEST_PASSWORD + 1]
    # In a native thread: the event loop goes on serving sockets for the 50 ms this takes.
    matches = gevent.get_hub().threadpool.apply(rules.password_matches, (stored, password))
    if not matches or operator is None or stored is None:
        for kind, key, times in failures:
            ratelimit.hit("RATE_SIGN_IN", kind, key, times=times)
        raise Invalid(_("The e-mail address or the password is wrong."))

    new_hash = (
        gevent.get_hub().threadpool.apply(rules.hash_password, (password,)) if rules.hash_outdated(stored) else None
    )
    db.write(operations.signed_in, clock.now(), operator_id=operator.id, new_hash=new_hash)
    session.sign_in(operator)


def _address_or_none(text: str) -> Address | None:
    try:
        return addresses.parse(text)
    except LeadCaptureError:
        return None


def _sign_in_page(problem: str = "") -> str:
    return render_template(
        "operators/sign_in.html",
        email=request.form.get("email", ""),
        problem=problem,
        next=request.values.get("next", ""),
    )


def _set_up_page(problems: dict[str, list[str]]) -> str:
    return render_template("operators/set_up.html", given=request.form, problems=problems)


def _set_up_fields(error: Invalid) -> dict[str, list[str]]:
    # The operation speaks of a site's settings; the page has fields of its own names.
    names = {"name": "site_name", "allowed_origins": "site_url"}
    return {names.get(field, field): sentences for field, sentences in error.fields.items()}


def _origin(address: str) -> str:
    # People paste the address of a page; its origin is meant.
    scheme, colon, rest = address.partition("://")
    return f"{scheme}://{rest.split('/')[0]}" if colon else f"https://{address.split('/')[0]}"
