"""The file that the demo's form gives: a PDF of one page, made here so that no binary has to be kept."""

from __future__ import annotations

NAME = "Kitchen guide.pdf"
QUESTIONS = (
    "1. How many people cook at the same time?",
    "2. What do you use every day, and what twice a year?",
    "3. Where does daylight come from?",
    "4. Which appliances stay, which are new?",
    "5. How high is the tallest person who cooks?",
    "6. Where are water, gas and power now?",
    "7. Do you eat in the kitchen?",
    "8. Who cleans it, and how often?",
    "9. What may it cost, with the worktop and the lamps?",
    "10. When must it be ready?",
    "11. Who takes the old one away?",
    "12. Whom do you call when a door hangs?",
)


def guide(site_name: str) -> bytes:
    """The guide as a PDF 1.4 (ISO 32000-1, 7.5: header, objects, cross-reference table, trailer)."""
    lines = ["BT /F1 22 Tf 72 770 Td (The guide to your new kitchen) Tj", f"/F1 11 Tf 0 -24 Td ({_text(site_name)}) Tj"]
    lines += [f"/F1 13 Tf 0 -28 Td ({_text(question)}) Tj" for question in QUESTIONS]
    page = "\n".join([*lines, "ET"]).encode("latin-1", "replace")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(page), page),
    ]
    content, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(content))
    return content + b"xref\n0 %d\n" % (len(objects) + 1) + table + trailer


def _text(words: str) -> str:
    return words.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
