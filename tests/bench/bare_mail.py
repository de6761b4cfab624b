"""The bare reference of `mail`: Jinja, EmailMessage and smtplib over one connection, nothing stored and nothing signed.

`python -m tests.bench.bare_mail PORT NUMBER` prints the seconds it took for that many mails, by the clock and of the
processor: building each, and again sending one that was built beforehand.
"""

from __future__ import annotations

import json
import smtplib
import sys
import time
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP

import jinja2

HTML = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{{ subject }}</title></head><body>
<table role="presentation" width="100%" style="border-collapse:collapse">{% for row in rows %}
<tr><td style="padding:12px 24px;font:16px/1.5 sans-serif;color:#222222">{{ row.words }}</td>
<td style="padding:12px 24px;font:16px/1.5 sans-serif;color:#555555"><a href="{{ row.link }}">{{ row.link }}</a></td>
</tr>{% endfor %}</table><p>{{ footer }}</p></body></html>
"""
TEXT = "{% for row in rows %}{{ row.words }}\n{{ row.link }}\n\n{% endfor %}-- \n{{ footer }}\n"

_environment = jinja2.Environment(autoescape=True)
_html, _text = _environment.from_string(HTML), _environment.from_string(TEXT)


def built(number: int) -> bytes:
    """A mail of about the size of ours, rendered and composed."""
    values = {
        "subject": f"Please confirm – number {number}",
        "rows": [
            {"words": f"Line {row} – a “few” words.", "link": f"https://x.example.org/{row}"} for row in range(14)
        ],
        "footer": "You get this mail because somebody typed your address – perhaps you.",
    }
    message = EmailMessage(policy=SMTP)
    message["From"] = "Demo shop <hello@shop.example.org>"
    message["To"] = f"person{number}@example.org"
    message["Subject"] = values["subject"]
    message["Message-ID"] = f"<{number}@shop.example.org>"
    message.set_content(_text.render(values))
    message.add_alternative(_html.render(values), subtype="html")
    return message.as_bytes()


def main(port: int, number: int) -> None:
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        once = built(0)

        def hand_over(of: int, content: bytes) -> None:
            smtp.sendmail("hello@shop.example.org", [f"person{of}@example.org"], content)

        said = {
            "built": timed(lambda of: hand_over(of, built(of)), number),
            "one": timed(lambda of: hand_over(of, once), number),
        }
    print(json.dumps(said | {"bytes": len(once)}))


def timed(do: Callable[[int], None], number: int) -> dict[str, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    for of in range(number):
        do(of)
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
