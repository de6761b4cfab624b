"""Whatever order things happen in, a confirmation keeps its promises."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from leadcapture import db
from leadcapture.errors import Invalid
from leadcapture.optin import operations as optin
from leadcapture.optin.rules import Expired
from tests.optin.conftest import ASK, Asked, code_in, mails, stored, wrong


def test_every_order_of_events_keeps_the_promises(people: SimpleNamespace, ask: Asked, now: datetime) -> None:
    class Life(RuleBasedStateMachine):
        @initialize(allow_mail=st.booleans())
        def asked(self, allow_mail: bool) -> None:
            self.id = ask(allow_mail=allow_mail).public_id
            self.now = now
            self.ends = now + timedelta(days=7)
            self.mailed = 1 if allow_mail else 0
            self.code = code_in(mails(self.id)[-1]) if allow_mail else None
            self.tries = 0
            self.confirmed = False
            self.firsts = 0
            self.purged = False

        @property
        def open(self) -> bool:
            return not self.confirmed and not self.purged and self.now < self.ends

        @rule(hours=st.integers(1, 100))
        def time_passes(self, hours: int) -> None:
            self.now += timedelta(hours=hours)

        @rule()
        def button(self) -> None:
            may = self.confirmed or self.open
            try:
                redeemed = db.write(optin.redeem, self.now, public_id=self.id)
            except Expired:
                assert not may
            else:
                assert may
                self._count(redeemed)

        @rule(right=st.booleans())
        def code_typed(self, right: bool) -> None:
            code = self.code or "000000"
            outcome = db.write(optin.redeem_code, self.now, public_id=self.id, code=code if right else wrong(code))
            matches = right and self.code is not None
            if self.confirmed:
                assert isinstance(outcome, optin.Redeemed) is matches
            elif not self.open:
                assert isinstance(outcome, Invalid)
                assert outcome.code == "expired"
            elif self.tries >= 5:
                assert isinstance(outcome, Invalid)
                assert outcome.code == "too_many_tries"
            else:
                self.tries += 1
                assert isinstance(outcome, optin.Redeemed) is matches
            if isinstance(outcome, optin.Redeemed):
                self._count(outcome)

        @rule(allow_mail=st.booleans())
        def mailed_again(self, allow_mail: bool) -> None:
            may = allow_mail and not self.confirmed and not self.purged and self.mailed < 3
            wish = {"public_id": self.id, "site": people.site, "allow_mail": allow_mail, **ASK}
            assert db.write(optin.resend, self.now, **wish) is may
            if may:
                self.mailed += 1
                self.tries = 0
                self.ends = self.now + timedelta(days=7)
                self.code = code_in(mails(self.id)[-1])

        @rule()
        def expiry_runs(self) -> None:
            db.write(optin.expire_due, self.now)
            self.purged = self.purged or (not self.confirmed and self.now >= self.ends)

        @invariant()
        def row_tells_the_same(self) -> None:
            if not hasattr(self, "id"):
                return
            row = stored(self.id)
            assert row.status == ("confirmed" if self.confirmed else "expired" if self.purged else "pending")
            assert (row.email == "") is self.purged
            assert row.mails == self.mailed <= 3
            assert row.code_tries == self.tries <= 5
            assert self.firsts == (1 if self.confirmed else 0)

        def _count(self, redeemed: optin.Redeemed) -> None:
            self.confirmed = True
            self.firsts += redeemed.first

    run_state_machine_as_test(Life, settings=settings(max_examples=40, stateful_step_count=20, deadline=None))
