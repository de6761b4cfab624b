"""Whatever happens before and after: an import never brings back who withdrew, bounced, complained, was erased or said
no. Only the person's own act does."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select

from leadcapture import addresses, clock, db, ids
from leadcapture.consent import operations as consent
from leadcapture.consent import queries as consents
from leadcapture.consent import verifying
from leadcapture.contacts import operations as contacts
from leadcapture.contacts import queries as contact_queries
from leadcapture.imports import asking, batches, rules
from leadcapture.imports.batches import Batch
from leadcapture.imports.models import Import, Quarantined
from leadcapture.mail import operations as mail
from leadcapture.mail.models import Email
from leadcapture.privacy import erasing
from leadcapture.sites.models import Site
from tests.imports.conftest import EVIDENCE, STATEMENT, uploads_of

PEOPLE = st.sampled_from(["anna@example.org", "bert@example.org"])
WORKER = "a worker of the tests"


class Lives(RuleBasedStateMachine):
    """What two people live through. `out` are those whom no import may touch: they left by an act that counts."""

    def __init__(self) -> None:
        super().__init__()
        self.now = clock.now()
        self.site_id, self.imports = db.write(self._begin)
        self.out: set[str] = set()
        self.held: set[str] = set()

    def _begin(self, session: Any) -> tuple[int, dict[str, int]]:
        site = Site(key=ids.new("site"), name="Demo shop", created_at=self.now, updated_at=self.now)
        session.add(site)
        session.flush()
        told = {"source": "a tool", "collected": "2024-01-01", "language": "en", "evidence": EVIDENCE}
        said = {"statement": STATEMENT, "purpose": "newsletter", "version": rules.version(STATEMENT)}
        made = {}
        for mode in ("proof", "quarantine"):
            row = Import(
                public_id=ids.new("import"),
                site_id=site.id,
                name=mode,
                provenance=told | said,
                mode=mode,
                state="running",
                claimed_by=WORKER,
                report=uploads_of("row\n"),
                report_bytes=4,
                created_at=self.now,
            )
            session.add(row)
            session.flush()
            made[mode] = row.id
        return site.id, made

    def contact(self, address: str) -> Any:
        with db.read() as session:
            return contact_queries.by_email(session, self.site_id, address)

    @rule(mode=st.sampled_from(rules.MODES), people=st.lists(PEOPLE, min_size=1, max_size=2, unique=True))
    def imported(self, mode: str, people: list[str]) -> None:
        with db.read() as session:
            begin = session.get_one(Import, self.imports[mode]).row_no
        rows = [rules.Person(begin + n, address, address, name="From a file") for n, address in enumerate(people, 1)]
        batch = Batch(begin, begin + len(rows), begin, rows, frozenset())
        assert db.write(batches.carry_out, self.now, import_id=self.imports[mode], worker=WORKER, batch=batch)
        if mode == "proof":
            self.held |= set(people) - self.out

    @rule(address=PEOPLE)
    def confirms(self, address: str) -> None:
        def confirm(session: Any) -> None:
            who = contacts.upsert_confirmed(
                session, self.now, site_id=self.site_id, address=addresses.parse(address), name="By themselves"
            )
            consent.record(session, self.now, contact=who, action="grant", purpose="newsletter", method="button")

        db.write(confirm)
        self.held.add(address)
        self.out.discard(address)

    @rule(address=PEOPLE)
    def withdraws(self, address: str) -> None:
        who = self.contact(address)
        # Who said yes to one question and leaves before any consent was noted has left all the same.
        if who is not None and (
            db.write(consent.withdraw, self.now, contact=who, method="one_click") or who.status == "confirmed"
        ):
            self.held.discard(address)
            self.out.add(address)

    @rule(address=PEOPLE, reason=st.sampled_from(["bounce", "complaint"]))
    def is_suppressed(self, address: str, reason: str) -> None:
        db.write(mail.suppress, self.now, site_id=self.site_id, email_key=address, reason=reason)
        db.write(contacts.suppress, self.now, site_id=self.site_id, email_key=address)
        self.out.add(address)

    @rule(address=PEOPLE)
    def is_erased(self, address: str) -> None:
        who = self.contact(address)
        if who is not None:
            db.write(erasing.erase, self.now, contact=who, reason="person")
            self.held.discard(address)
            self.out.add(address)

    @rule(address=PEOPLE, yes=st.booleans())
    def answers_the_one_question(self, address: str, yes: bool) -> None:
        with db.read() as session:
            asked = select(Quarantined).where(Quarantined.site_id == self.site_id, Quarantined.email_key == address)
            apart = session.scalar(asked)
        if apart is None or not db.write(asking.may_be_asked, self.now, apart.id):
            return
        # Never asked twice.
        assert not db.write(asking.may_be_asked, self.now, apart.id)
        who = db.write(asking.answered, self.now, apart.id, yes)
        assert (who is not None) is yes
        if not yes:
            self.out.add(address)
        else:
            self.out.discard(address)

    @invariant()
    def who_is_out_stays_out_and_nobody_is_mailed(self) -> None:
        with db.read() as session:
            for address in ("anna@example.org", "bert@example.org"):
                who = contact_queries.by_email(session, self.site_id, address)
                agrees = who is not None and consents.holds(session, who.id, "newsletter")
                assert agrees == (address in self.held), address
                if address in self.out and who is not None:
                    assert who.status != "confirmed", address
                apart = session.scalar(
                    select(Quarantined.id).where(Quarantined.site_id == self.site_id, Quarantined.email_key == address)
                )
                assert apart is None or address not in self.held or who is not None
            assert session.scalar(select(func.count()).select_from(Email)) == 0

    def teardown(self) -> None:
        with db.read() as session:
            assert list(verifying.verify(session, self.site_id)) == []


def test_an_import_never_brings_anybody_back(database: db.Database) -> None:
    run_state_machine_as_test(
        Lives,
        settings=settings(
            max_examples=15, stateful_step_count=10, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
