"""Makes a published form with a question of every kind, in the database that the environment names.

python -m tests.e2e.every_field SITE_KEY
"""

from __future__ import annotations

import os
import sys
from typing import Any

from leadcapture import clock, db, settings, signing
from leadcapture.forms import operations
from leadcapture.sites import queries as sites

SLUG = "everything"


def question(id_: str, type_: str, en: str, ar: str, **more: Any) -> dict[str, Any]:
    return {"id": id_, "type": type_, "label": {"en": en, "ar": ar}, "required": True, **more}


QUESTIONS = [
    question("street", "text", "Street", "الشارع"),
    question("about", "textarea", "What shall it be?", "ماذا تريد؟"),
    question("billing", "email", "Address for the bill", "عنوان الفاتورة"),
    question("phone", "tel", "Phone", "الهاتف"),
    question("width", "number", "Width in centimetres", "العرض بالسنتيمتر", least="10", most="300"),
    question("day", "date", "Day", "اليوم", help={"en": "When it shall come.", "ar": "متى يصل."}),
    question("wood", "radio", "Wood", "الخشب", options={"en": "Oak\nAsh", "ar": "بلوط\nدردار"}),
    question("floor", "select", "Floor", "الطابق", options={"en": "Ground\nFirst", "ar": "الأرضي\nالأول"}),
    question("extras", "checks", "Extras", "إضافات", options={"en": "Oil\nWax", "ar": "زيت\nشمع"}),
    question("terms", "checkbox", "I have measured twice", "قِست مرتين"),
    question("source", "hidden", "Source", "المصدر", required=False, param="utm_source"),
    question("lift", "checkbox", "There is a lift", "يوجد مصعد", required=False),
    question("size", "text", "How large is it?", "ما حجمه؟", show_if="field_lift"),
]


def main() -> None:
    configured = settings.load(os.environ)
    signing.configure(configured.secret_keys)
    db.connect(configured.database_url)
    with db.read() as session:
        site = sites.by_key(session, sys.argv[1])
    form = db.write(
        operations.create,
        clock.now(),
        site_id=site.id,
        kind="subscription",
        slug=SLUG,
        settings={"fields": QUESTIONS},
    )
    db.write(operations.publish, clock.now(), site_id=site.id, public_id=form.public_id)
    db.close()


if __name__ == "__main__":
    main()
