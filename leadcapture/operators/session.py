"""Who is signed in, for every edge of the console: pages and sockets alike.

The cookie holds the operator's public id, the epoch it was made in, a name of this one sign-in, and the key of the site
last chosen. It is signed and readable by its owner; raising an operator's epoch ends all of them at once.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar, cast

from flask import g, redirect, request, url_for
from flask import session as cookie
from werkzeug.wrappers import Response

from leadcapture import db, web
from leadcapture.errors import Forbidden, NotFound, Unauthorized
from leadcapture.i18n import gettext as _
from leadcapture.operators import queries, rules
from leadcapture.operators.models import Membership, Operator
from leadcapture.sites.models import Site

P = ParamSpec("P")
R = TypeVar("R")


def sign_in(operator: Operator) -> None:
    """Begin a session. Whatever the cookie held before is gone: nobody can plant a session and wait for its sign-in."""
    cookie.clear()
    cookie["operator"] = operator.public_id
    cookie["epoch"] = operator.session_epoch
    cookie["device"] = secrets.token_urlsafe(9)
    cookie.permanent = True
    g.pop("signed_in", None)


def sign_out() -> None:
    """End this browser's session."""
    cookie.clear()
    g.pop("signed_in", None)


def signed_in() -> Operator | None:
    """The operator of this request's session, with memberships and their sites; None when nobody is signed in."""
    if "signed_in" not in g:
        g.signed_in = _operator_of_cookie()
    return cast(Operator | None, g.signed_in)


def device() -> str:
    """What names this sign-in among all of the operator's; nothing for one made before sign-ins had names."""
    return str(cookie.get("device", ""))


def current_operator() -> Operator:
    """As `signed_in`. Raises Unauthorized when nobody is."""
    operator = signed_in()
    if operator is None:
        raise Unauthorized(_("Sign in first."))
    return operator


def memberships() -> list[Membership]:
    """What the signed-in operator is and where, oldest first; nothing when nobody is signed in."""
    operator = signed_in()
    return sorted(operator.memberships, key=lambda membership: membership.id) if operator else []


def current_membership() -> Membership:
    """The membership on the site that was chosen last, else on the first one.

    Raises Unauthorized, or NotFound for an operator of no site.
    """
    current_operator()
    mine = memberships()
    if not mine:
        raise NotFound(_("You are on no site's team (any more)."))
    return next((membership for membership in mine if membership.site.key == cookie.get("site")), mine[0])


def current_site() -> Site:
    """The site whose things the console shows now."""
    return current_membership().site


def choose_site(key: str) -> None:
    """Show this site's things from now on. Raises NotFound for a site the operator does not belong to."""
    if all(membership.site.key != key for membership in memberships()):
        raise NotFound("No such site.")
    cookie["site"] = key


def may(role: str) -> bool:
    """Whether the signed-in operator has at least this role on the current site."""
    return signed_in() is not None and bool(memberships()) and rules.reaches(current_membership().role, role)


def require(role: str = "operator") -> Callable[[Callable[P, R]], Callable[P, R | Response]]:
    """For console views: people who are not signed in go to the sign-in page, a role too low is refused."""

    def decorate(view: Callable[P, R]) -> Callable[P, R | Response]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R | Response:
            if signed_in() is None:
                if web.wants_json():
                    raise Unauthorized(_("Sign in first."))
                wanted = request.full_path.rstrip("?") if request.method == "GET" else None
                return redirect(url_for("operators.sign_in", next=None if wanted == "/console/" else wanted))
            if not rules.reaches(current_membership().role, role):
                raise Forbidden(_("Your role on this site does not allow this. Ask an owner of the site."))
            return view(*args, **kwargs)

        return guarded

    return decorate


def _operator_of_cookie() -> Operator | None:
    public_id = cookie.get("operator")
    if not isinstance(public_id, str):
        return None
    with db.read() as session:
        operator = queries.by_public_id(session, public_id)
    return operator if operator is not None and operator.session_epoch == cookie.get("epoch") else None
