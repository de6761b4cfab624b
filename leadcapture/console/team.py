"""The team of a site: who belongs to it, and as what; and everybody's own account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gevent
from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from leadcapture import addresses, clock, db
from leadcapture.errors import Conflict, Forbidden, Invalid
from leadcapture.i18n import gettext as _
from leadcapture.operators import operations, queries, rules, session

blueprint = Blueprint("console_team", __name__)


@blueprint.app_template_filter("role")
def role_words(role: str) -> str:
    """What a role is called."""
    return {"owner": _("Owner"), "admin": _("Admin"), "operator": _("Operator")}.get(role, role)


@blueprint.get("/console/team")
@session.require("admin")
def team() -> str:
    """Everybody on the site's team."""
    return _team_page({})


@blueprint.post("/console/team")
@session.require("admin")
def invite() -> tuple[str, int] | Response:
    """Take somebody onto the team; who is new here gets a link to choose a password by, shown on the page."""
    me = session.current_membership()
    try:
        db.write(
            operations.invite,
            clock.now(),
            site_id=me.site_id,
            by_id=me.operator_id,
            email=addresses.parse(request.form.get("email", "")),
            name=request.form.get("name", ""),
            role=request.form.get("role", "operator"),
        )
    except (Invalid, Conflict) as error:
        return _team_page({"email": [error.message]}), 422
    flash(_("Added to the team."), "good")
    return redirect(url_for(".team"))


@blueprint.post("/console/team/<public_id>/role")
@session.require("admin")
def change_role(public_id: str) -> Response:
    """Give a member another role."""
    return _managed(operations.change_role, public_id, _("Saved."), role=request.form.get("role", ""))


@blueprint.post("/console/team/<public_id>/remove")
@session.require("admin")
def remove(public_id: str) -> Response:
    """Take a member off the team."""
    return _managed(operations.remove, public_id, _("Removed, and signed out everywhere."))


@blueprint.get("/console/account")
@session.require()
def account() -> str:
    """The operator's own name and password."""
    return render_template("console/account.html", problems={})


@blueprint.post("/console/account")
@session.require()
def save_account() -> tuple[str, int] | Response:
    """Take over the name and, where one was typed, the new password; other browsers are signed out by it."""
    me = session.current_operator()
    new, current = request.form.get("password", ""), request.form.get("current", "")[: rules.LONGEST_PASSWORD + 1]
    try:
        if new and not gevent.get_hub().threadpool.apply(rules.password_matches, (me.password_hash, current)):
            raise Invalid(fields={"current": [_("This is not your password.")]})
        operator = db.write(
            operations.change_account,
            clock.now(),
            operator_id=me.id,
            name=request.form.get("name", ""),
            password=new or None,
        )
    except Invalid as error:
        return render_template("console/account.html", problems=error.fields), 422
    site = session.current_site()
    session.sign_in(operator)
    session.choose_site(site.key)
    flash(_("Saved."), "good")
    return redirect(url_for(".account"))


def _managed(operation: Callable[..., None], public_id: str, done: str, **values: str) -> Response:
    me = session.current_membership()
    try:
        db.write(operation, clock.now(), site_id=me.site_id, by_id=me.operator_id, public_id=public_id, **values)
        flash(done, "good")
    except (Forbidden, Conflict, Invalid) as error:
        flash(error.message, "bad")
    return redirect(url_for(".team"))


def _team_page(problems: dict[str, list[str]]) -> str:
    me = session.current_membership()
    with db.read() as reading:
        members = [(each, _role_of(each, me.site_id)) for each in queries.colleagues(reading, me.site_id)]
    public_url = current_app.config["LEADCAPTURE"].public_url
    # Only who may manage a member sees the link by which that member's password is chosen.
    links = {
        each.public_id: f"{public_url}/console/invitation/{operations.invitation_token(each)}"
        for each, role in members
        if each.password_hash is None and rules.may_manage(me.role, role)
    }
    return render_template(
        "console/team.html",
        members=members,
        links=links,
        manageable={role for role in rules.ROLES if rules.may_manage(me.role, role)},
        given=request.form,
        problems=problems,
    )


def _role_of(operator: Any, site_id: int) -> str:
    return next(str(membership.role) for membership in operator.memberships if membership.site_id == site_id)
