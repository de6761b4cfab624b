"""The job that asks: a few people at a time, each in a transaction of its own, by any number of workers."""

from __future__ import annotations

from datetime import datetime

from leadcapture import db
from leadcapture.mail import transports
from leadcapture.repermission import answering, operations, queries


def due(now: datetime) -> None:
    """Ask whom the running campaigns may ask now, and end what campaigns end for who stays silent."""
    with db.read() as session:
        running, ending = queries.running(session), queries.ending(session, now)
    for campaign_id in running:
        while db.write(operations.ask_some, now, campaign_id=campaign_id, public_url=transports.public_url()):
            pass
    for campaign_id in ending:
        while db.write(answering.end_silent, now, campaign_id=campaign_id):
            pass
