"""A mail server that takes its time keeps nobody waiting but the mail."""

from __future__ import annotations

import time
import urllib.parse
import urllib.request
from collections.abc import Callable

from tests.mail.post_office import PostOffice
from tests.servers import Service, wait_for


def test_the_web_answers_while_the_mail_server_does_not(make_service: Callable[..., Service]) -> None:
    with PostOffice(slow=6.0) as office:
        service = make_service(SMTP_URL=office.url)
        demo = service.seed_demo()
        service.start()
        form = f"{service.url}/v1/{demo['site_key']}/forms/{demo['forms']['subscription']}"
        asked = urllib.parse.urlencode({"email": "asker@example.org", "consent": "newsletter"}).encode()
        wish = urllib.request.Request(form, asked, {"Origin": service.url})
        with urllib.request.urlopen(wish) as answer:
            assert answer.status == 202
        wait_for(lambda: office.senders, "the mail to be on its way")
        slowest = 0.0
        while not office.taken:
            began = time.monotonic()
            with urllib.request.urlopen(f"{service.url}/readyz", timeout=5) as answer:
                assert answer.status == 200
            slowest = max(slowest, time.monotonic() - began)
        assert slowest < 2.0
        assert "asker@example.org" not in service.log.read_text(encoding="utf-8")
