"""Whatever order things happen in, a confirmation keeps its promises."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count, pairwise
from types import SimpleNamespace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from leadcapture import db
from leadcapture.errors import Invalid
from leadcapture.mail import caps
from leadcapture.optin import operations as optin
from leadcapture.optin.rules import Expired
from leadcapture.settings import Settings
from tests.optin.conftest import ASK, Asked, code_in, hand_over, mails, stored, wrong


def test_every_order_of_events_keeps_the_promises(people: SimpleNamespace, ask: Asked, now: datetime) -> None:
    caps.configure(Settings({"MAIL_PER_ADDRESS": "1/hour;3/day"}))
    numbers = count()

    class Life(RuleBasedStateMachine):
        @initialize()
        def asked(self) -> None:
            self.id = ask(f"alice{next(numbers)}@example.org").public_id
            self.now = now
            self.ends = now + timedelta(days=7)
            self.slots = [now]
            self.waits: datetime | None = now
            self.codes = [code_in(mails(self.id)[-1])]  # that of the newest mail last
            self.tries = 0
            self.confirmed = False
            self.firsts = 0
            self.purged = False

        @property
        def open(self) -> bool:
            return not self.confirmed and not self.purged and self.now < self.ends

        @property
        def good_codes(self) -> list[str]:
            """The newest mail's, and until that has gone the one of the mail before."""
            return self.codes[-2:] if self.slots[-1] > self.now else self.codes[-1:]

        @rule(minutes=st.one_of(st.integers(1, 90), st.integers(1, 6000)))
        def time_passes(self, minutes: int) -> None:
            self.now += timedelta(minutes=minutes)

        @rule()
        def mail_is_handed_over(self) -> None:
            db.write(hand_over, self.now, self.id)
            if self.waits and self.waits <= self.now:
                self.waits = None

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

        @rule(which=st.integers(-3, -1), right=st.booleans())
        def code_typed(self, which: int, right: bool) -> None:
            code = self.codes[max(which, -len(self.codes))]
            code = code if right else wrong(code)
            matches = code in self.good_codes
            outcome = db.write(optin.redeem_code, self.now, public_id=self.id, code=code)
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

        @rule()
        def mailed_again(self) -> None:
            pending = not self.confirmed and not self.purged
            new = pending and self.waits is None and len(self.slots) < 3
            wish = {"public_id": self.id, "site": people.site, **ASK}
            assert db.write(optin.resend, self.now, **wish) is (new or (pending and self.waits is not None))
            if new:
                self.waits = max(self.now, self.slots[-1] + timedelta(hours=1))
                self.slots.append(self.waits)
                self.tries = 0
                self.codes.append(code_in(mails(self.id)[-1]))
            if pending and self.waits is not None:
                self.ends = self.now + timedelta(days=7)

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
            assert row.code_tries == self.tries <= 5
            assert self.firsts == (1 if self.confirmed else 0)
            kept = mails(self.id)
            assert sum(email.status == "queued" for email in kept) <= 1
            assert all(later - earlier >= timedelta(hours=1) for earlier, later in pairwise(self.slots))
            assert self.purged or [email.due_at for email in kept] == self.slots

        def _count(self, redeemed: optin.Redeemed) -> None:
            if redeemed.first and self.waits and self.waits > self.now:
                # What was to go later is dropped, and the code in the person's hands stays the good one.
                self.waits = None
                self.slots.pop()
                self.codes.pop()
            self.confirmed = True
            self.firsts += redeemed.first

    run_state_machine_as_test(Life, settings=settings(max_examples=20, stateful_step_count=20, deadline=None))
