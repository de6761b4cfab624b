"""What a site owner's programs prove themselves by."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from leadcapture import db
from leadcapture.errors import Invalid, NotFound, RateLimited, Unauthorized
from leadcapture.sites import bearer, operations, queries
from leadcapture.sites.models import ApiToken


@pytest.fixture
def token(people, now):
    return db.write(operations.create_token, now, site_id=people.site.id, name="  The shop's\ncheckout ")


def asked(app, text: str):
    with app.test_request_context(headers={"Authorization": text}):
        return bearer.site_of_request()


def test_a_token_stands_for_its_site_and_is_kept_as_a_digest_alone(app, people, token):
    row, text = token
    assert asked(app, f"Bearer {text}").key == people.site.key
    with db.read() as session:
        stored = session.scalars(select(ApiToken)).one()
    assert stored.name == "The shop's checkout"
    assert text not in str(vars(stored))
    assert stored.used_at is not None
    assert row.public_id == stored.public_id


@pytest.mark.parametrize("text", ["", "Bearer", "Bearer lc_", "Bearer lc_guessed", "Basic lc_x", "Bearer x"])
def test_what_is_no_token_is_refused(app, token, text):
    with pytest.raises(Unauthorized):
        asked(app, text)


def test_a_revoked_token_is_worthless(app, people, token, now):
    row, text = token
    ended = {"site_id": people.site.id, "public_id": row.public_id}
    db.write(operations.revoke_token, now, **ended)
    db.write(operations.revoke_token, now + timedelta(days=1), **ended)
    with pytest.raises(Unauthorized):
        asked(app, f"Bearer {text}")
    with db.read() as session:
        assert [one.revoked_at for one in queries.tokens(session, people.site.id)] == [now]


def test_charlie_revokes_no_token_of_another_site(people, token, now):
    row, _text = token
    with pytest.raises(NotFound):
        db.write(operations.revoke_token, now, site_id=people.other_site.id, public_id=row.public_id)


def test_a_token_without_a_name_is_refused(people, now):
    with pytest.raises(Invalid):
        db.write(operations.create_token, now, site_id=people.site.id, name=" ")


class TestTooMany:
    @pytest.fixture
    def environ(self, environ):
        return {**environ, "LEADCAPTURE_RATE_API": "2/minute"}

    def test_a_program_that_calls_too_often_is_told_to_wait(self, app, people, token):
        for _call in range(2):
            asked(app, f"Bearer {token[1]}")
        with pytest.raises(RateLimited):
            asked(app, f"Bearer {token[1]}")
