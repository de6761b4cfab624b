"""Writing operators and their memberships."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from leadcapture import ids, signing
from leadcapture.addresses import Address
from leadcapture.errors import Conflict, Forbidden, Invalid, NotFound
from leadcapture.i18n import gettext as _
from leadcapture.operators import queries, rules
from leadcapture.operators.models import Membership, Operator
from leadcapture.sites import operations as site_operations
from leadcapture.sites.models import Site


def create(session: Session, now: datetime, *, email: Address, name: str, password: str | None = None) -> Operator:
    """A new operator, of no site yet. Without a password nobody can sign in until one is set.

    Raises Conflict when the address already has an account, Invalid when the password is too weak.
    """
    if queries.by_email(session, email.key) is not None:
        raise Conflict(_("%(email)s already has an account.", email=email.typed), code="operator_exists")
    if password is not None:
        rules.check_password(password, email.key)
    operator = Operator(
        public_id=ids.new("operator"),
        email=email.typed,
        email_key=email.key,
        name=_checked_name(name) or email.typed.split("@")[0],
        password_hash=None if password is None else rules.hash_password(password),
        created_at=now,
        memberships=[],
    )
    session.add(operator)
    session.flush()
    return operator


def set_password(session: Session, now: datetime, *, operator_id: int, password: str) -> None:
    """Give the operator a new password; whoever is signed in with the old one is signed out everywhere.

    Raises Invalid when it is too weak.
    """
    operator = session.get_one(Operator, operator_id)
    rules.check_password(password, operator.email_key)
    operator.password_hash = rules.hash_password(password)
    operator.session_epoch += 1


def change_account(
    session: Session, now: datetime, *, operator_id: int, name: str, password: str | None = None
) -> Operator:
    """Give the operator this name, unless it is empty, and this password, if one is given: see `set_password`."""
    operator = session.get_one(Operator, operator_id)
    operator.name = _checked_name(name) or operator.name
    if password is not None:
        set_password(session, now, operator_id=operator_id, password=password)
    return operator


def signed_in(session: Session, now: datetime, *, operator_id: int, new_hash: str | None = None) -> None:
    """Note a successful sign-in, and keep the password's hash made anew where the old one was outdated."""
    operator = session.get_one(Operator, operator_id)
    operator.signed_in_at = now
    if new_hash is not None:
        operator.password_hash = new_hash


def add_membership(session: Session, now: datetime, *, operator_id: int, site_id: int, role: str) -> Membership:
    """Make the operator a member of the site, or give a member this role. Raises Invalid for an unknown role."""
    if role not in rules.ROLES:
        raise Invalid("No such role.", fields={"role": ["No such role."]})
    operator = session.get_one(Operator, operator_id)
    for membership in operator.memberships:
        if membership.site_id == site_id:
            membership.role = role
            return membership
    membership = Membership(operator=operator, site=session.get_one(Site, site_id), role=role)
    session.add(membership)
    session.flush()
    return membership


def invite(
    session: Session, now: datetime, *, site_id: int, by_id: int, email: Address, name: str, role: str
) -> Operator:
    """Make somebody a member of the site; `by_id` is the operator who asks.

    A person who is new here has no password yet and gets in by `invitation_token`. Raises Forbidden when the asker may
    not give this role, Conflict when the address belongs to a member, or to an account that shares no site with the
    asker: an account is not to be drawn into a site by strangers.
    """
    asker = session.get_one(Operator, by_id)
    if not rules.may_manage(_role(asker, site_id), role):
        raise Forbidden(_("Only an owner can do this."))
    operator = queries.by_email(session, email.key)
    if operator is None:
        operator = create(session, now, email=email, name=name)
    elif any(membership.site_id == site_id for membership in operator.memberships):
        raise Conflict(_("%(email)s is on the team already.", email=email.typed), code="member_exists")
    elif not {m.site_id for m in operator.memberships} & {m.site_id for m in asker.memberships}:
        raise Conflict(
            _(
                "%(email)s belongs to another site of this installation. Whoever runs it can add them by command.",
                email=email.typed,
            ),
            code="operator_elsewhere",
        )
    add_membership(session, now, operator_id=operator.id, site_id=site_id, role=role)
    return operator


def change_role(session: Session, now: datetime, *, site_id: int, by_id: int, public_id: str, role: str) -> None:
    """Give a member another role.

    Raises NotFound, Forbidden, or Conflict when the site would be left without an owner.
    """
    membership = queries.membership(session, site_id, public_id)
    asker = _role(session.get_one(Operator, by_id), site_id)
    if not (rules.may_manage(asker, membership.role) and rules.may_manage(asker, role)):
        raise Forbidden(_("Only an owner can do this."))
    if role != "owner":
        _keep_an_owner(session, membership)
    add_membership(session, now, operator_id=membership.operator_id, site_id=site_id, role=role)


def remove(session: Session, now: datetime, *, site_id: int, by_id: int, public_id: str) -> None:
    """Take somebody off the site's team and sign them out everywhere at once.

    Raises NotFound, Forbidden, or Conflict when the site would be left without an owner.
    """
    membership = queries.membership(session, site_id, public_id)
    if not rules.may_manage(_role(session.get_one(Operator, by_id), site_id), membership.role):
        raise Forbidden(_("Only an owner can do this."))
    _keep_an_owner(session, membership)
    membership.operator.session_epoch += 1
    session.delete(membership)


def invitation_token(operator: Operator) -> str:
    """The token of a link by which an operator without a password chooses one."""
    return signing.sign("invitation", f"{operator.public_id}:{operator.session_epoch}")


def invited(session: Session, token: str) -> Operator:
    """Whom an invitation is for. Raises BadToken, or NotFound when it was used, or taken back."""
    public_id, _colon, epoch = signing.verify("invitation", token).rpartition(":")
    operator = queries.by_public_id(session, public_id)
    if operator is None or operator.password_hash is not None or str(operator.session_epoch) != epoch:
        raise NotFound(_("This invitation was used already, or taken back."))
    return operator


def accept_invitation(session: Session, now: datetime, *, token: str, name: str, password: str) -> Operator:
    """Let an invited operator in with a name and a password of their own. Raises as `invited` and `set_password` do."""
    operator = invited(session, token)
    operator.name = _checked_name(name) or operator.name
    set_password(session, now, operator_id=operator.id, password=password)
    return operator


def setup_needed(session: Session) -> bool:
    """Whether nobody can sign in yet because there is no operator."""
    return not queries.anybody(session)


def setup_token() -> str:
    """The token of the link by which the first owner makes an account; it works while `setup_needed`."""
    return signing.sign("setup", "first owner")


def set_up(
    session: Session,
    now: datetime,
    *,
    token: str,
    email: Address,
    name: str,
    password: str,
    site_name: str,
    origins: list[str],
) -> Operator:
    """Make the first owner and the first site.

    Raises BadToken, NotFound when there is an operator already, or Invalid.
    """
    check_setup(session, token)
    operator = create(session, now, email=email, name=name, password=password)
    site = site_operations.create(session, now, name=site_name, allowed_origins=origins, recipient_email=email.typed)
    add_membership(session, now, operator_id=operator.id, site_id=site.id, role="owner")
    return operator


def check_setup(session: Session, token: str) -> None:
    """Raises BadToken for a token that is not ours, NotFound when the set-up is over."""
    signing.verify("setup", token)
    if not setup_needed(session):
        raise NotFound(_("This installation is set up already. Sign in instead."))


def _keep_an_owner(session: Session, leaving: Membership) -> None:
    if leaving.role == "owner" and queries.owners(session, leaving.site_id) == 1:
        raise Conflict(_("A site needs at least one owner. Make somebody else an owner first."), code="last_owner")


def _role(operator: Operator, site_id: int) -> str:
    return next((membership.role for membership in operator.memberships if membership.site_id == site_id), "")


def _checked_name(name: str) -> str:
    return " ".join(name.split())[:120]
