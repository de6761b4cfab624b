"""What the demo shop's team has set up for its chat: replies at hand, a signature, an invitation."""

from __future__ import annotations

CANNED = (
    ("hello", "Hello {{visitor.name|there}}, this is {{operator.name}}. How can I help?"),
    ("delivery", "Parcels take two to four days, and you get a link to follow yours."),
    ("order", "Could you tell me the number of your order? It stands in the subject of our first mail."),
    ("thanks", "You are welcome, {{visitor.name|and thank you for asking}}. **Have a good day!**"),
    ("hours", "We are here Monday to Friday. {{site.name}} also reads what comes in at night."),
)

# The number is one of those kept for stories: nobody's telephone rings.
CHAT = {
    "phone": "+44 1632 960123",
    "signature": {"en": "The workshop behind the green door", "ar": "ورشتنا خلف الباب الأخضر"},
    "invitations": [
        {
            "id": "hello",
            "name": "Alice",
            "text": {
                "en": "Looking for something in particular? Ask us, we are here.",
                "ar": "هل تبحث عن شيء معيّن؟ اسألنا، نحن هنا.",
            },
            "delay": 40,
            "every_days": 1,
            "most": 3,
            "enabled": True,
        }
    ],
}
