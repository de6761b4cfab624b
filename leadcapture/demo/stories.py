"""What has happened in the demo shop lately: who left an address, who asked what, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass

MINUTE, HOUR, DAY = 1, 60, 24 * 60


@dataclass(frozen=True)
class Subscriber:
    """Somebody who asked for the newsletter so many minutes ago; `fate` is confirmed, left, pending, bounced, or
    suppressed (asked again after a bounce)."""

    name: str
    email: str
    ago: int
    language: str = "en"
    fate: str = "confirmed"


@dataclass(frozen=True)
class Line:
    """One entry: who says it (visitor, alice, bob; note: alice to her colleagues), what, and after how many minutes."""

    who: str
    text: str
    after: float = 1


@dataclass(frozen=True)
class Story:
    """One conversation that began so many minutes ago. `email` makes it an offline question."""

    visitor: str
    ago: int
    page: str
    lines: tuple[Line, ...]
    language: str = "en"
    email: str = ""
    confirmed: bool = False
    closed: bool = False
    stars: int = 0
    comment: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Nuisance:
    """What looks like spam, so many minutes ago: by the form where there is an `email`, else in the chat."""

    name: str
    ago: int
    text: str
    email: str = ""


SUBSCRIBERS = (
    Subscriber("Maya", "maya@example.com", 27 * DAY),
    Subscriber("Tomás", "tomas@example.net", 26 * DAY + 3 * HOUR),
    Subscriber("Ingrid", "ingrid@example.org", 24 * DAY),
    Subscriber("نورة", "noura@example.com", 23 * DAY + 5 * HOUR, "ar"),
    Subscriber("Oskar", "oskar@example.net", 22 * DAY),
    Subscriber("Priya", "priya@example.com", 20 * DAY + 2 * HOUR),
    Subscriber("", "kitchen.table@example.org", 19 * DAY),
    Subscriber("Léa", "lea@example.net", 18 * DAY + 7 * HOUR),
    Subscriber("Daniel", "daniel@example.com", 16 * DAY, fate="left"),
    Subscriber("Zofia", "zofia@example.org", 15 * DAY + 1 * HOUR),
    Subscriber("سامي", "sami@example.net", 14 * DAY, "ar"),
    Subscriber("Noah", "noah@example.com", 12 * DAY + 4 * HOUR),
    Subscriber("Amélie", "amelie@example.org", 11 * DAY),
    Subscriber("Jonas", "jonas@example.net", 10 * DAY + 6 * HOUR),
    Subscriber("", "garden@example.com", 9 * DAY),
    Subscriber("Hana", "hana@example.org", 8 * DAY + 3 * HOUR, fate="left"),
    Subscriber("Mateo", "mateo@example.net", 7 * DAY),
    Subscriber("Freya", "freya@example.com", 6 * DAY + 2 * HOUR),
    Subscriber("ليلى", "layla@example.org", 5 * DAY + 8 * HOUR, "ar"),
    Subscriber("Ben", "ben@example.net", 4 * DAY),
    Subscriber("Sofia", "sofia@example.com", 3 * DAY + 5 * HOUR),
    Subscriber("Elif", "elif@example.org", 2 * DAY + 1 * HOUR),
    Subscriber("", "wool.and.tea@example.net", 1 * DAY + 4 * HOUR),
    Subscriber("Ruben", "ruben@example.com", 9 * HOUR),
    Subscriber("Lukas", "lukas.typo@example.net", 7 * HOUR, fate="bounced"),
    Subscriber("Lukas", "lukas.typo@example.net", 6 * HOUR, fate="suppressed"),
    Subscriber("Kaia", "kaia@example.org", 3 * HOUR),
    Subscriber("Mina", "mina@example.com", 95, fate="pending"),
)

STORIES = (
    Story(
        "Visitor from Lisbon",
        6 * DAY + 2 * HOUR,
        "/demo",
        (
            Line("visitor", "Hello! Does the morning cup go into the dishwasher?"),
            Line("alice", "Good morning! Yes, it does. The glaze is fired at 1,240 °C."),
            Line("alice", "Only the gold rim of last year's series should be washed by hand.", 0.5),
            Line("visitor", "Mine has no gold. Thank you!", 2),
        ),
        closed=True,
        stars=5,
        comment="Quick and friendly",
        tags=("delivery",),
    ),
    Story(
        "Freya",
        5 * DAY + 6 * HOUR,
        "/demo/about",
        (
            Line("visitor", "Is the workshop open this Saturday?"),
            Line("bob", "It is, from ten to four. Ring the bell at the green door.", 3),
            Line("visitor", "Great, see you there.", 1),
        ),
        closed=True,
        stars=4,
    ),
    Story(
        "Oskar",
        4 * DAY + 1 * HOUR,
        "/demo",
        (
            Line("visitor", "My blanket came with a pulled thread near the edge. I have a photo.\nWhat should I do?"),
            Line("alice", "I am sorry about that. Did it come in the last thirty days?", 2),
            Line("visitor", "Yes, last week.", 1),
            Line("note", "Third one out of that batch. Can you look at the loom, @Bob?", 1),
            Line("alice", "Then we send you a new one and you may keep this one as a picnic blanket.", 2),
            Line("visitor", "That is more than kind!", 1),
        ),
        closed=True,
        stars=5,
        comment="Better than I expected.",
        tags=("damaged",),
    ),
    Story(
        "زائر من عمّان",
        3 * DAY + 3 * HOUR,
        "/demo?lang=ar",
        (
            Line("visitor", "مرحبًا، هل ترسلون الطلبات إلى الأردن؟"),
            Line("alice", "مرحبًا! نعم، وتصل عادةً خلال ستة أيام.", 2),
            Line("visitor", "شكرًا جزيلًا لكم.", 1),
        ),
        language="ar",
        closed=True,
        stars=5,
        tags=("delivery",),
    ),
    Story(
        "Visitor from Graz",
        2 * DAY + 7 * HOUR,
        "/demo",
        (
            Line("visitor", "Do you have the evening lamp with a longer cable?"),
            Line("bob", "Two metres is the standard. We can make it three for 9 €.", 4),
            Line("visitor", "I will think about it, thanks.", 3),
        ),
        closed=True,
    ),
    Story(
        "Priya",
        1 * DAY + 20 * HOUR,
        "/demo",
        (
            Line(
                "visitor",
                "I would like thirty cups with our company's name on the bottom, for the end of the year. Is that "
                "possible, and what would it cost?",
            ),
            Line("alice", "With pleasure! I have written to you about sizes and prices.", 3 * HOUR),
        ),
        email="priya@example.com",
        confirmed=True,
        tags=("wholesale",),
    ),
    Story(
        "Léa",
        1 * DAY + 9 * HOUR,
        "/demo/about",
        (Line("visitor", "The handle of my cup broke off after four years. Can it be mended?"),),
        email="lea@example.net",
        confirmed=True,
        tags=("repair",),
    ),
    Story(
        "Henrik",
        22 * HOUR,
        "/demo",
        (Line("visitor", "Which of your plants stand a north window? And are they safe for cats?"),),
        email="henrik@example.org",
    ),
    Story(
        "Visitor from Porto",
        5 * HOUR,
        "/demo",
        (
            Line("visitor", "Hi, is the hill blanket back in blue soon?"),
            Line("visitor", "I can wait until spring.", 1),
        ),
    ),
    Story(
        "ليلى",
        2 * HOUR + 10,
        "/demo?lang=ar",
        (Line("visitor", "هل يمكن تغيير لون المصباح بعد الطلب؟"),),
        language="ar",
        email="layla@example.org",
        confirmed=True,
    ),
    Story(
        "Sofia",
        26,
        "/demo/about",
        (
            Line("visitor", "Hello, my parcel says delivered, but there is nothing at my door."),
            Line("bob", "Let me look. What is the order number?", 2),
            Line("visitor", "It is 2071.", 1),
            Line("bob", "It was left with a neighbour at number 14. I have asked the courier to confirm.", 4),
            Line("visitor", "Ah, I will ring there. One moment please.", 2),
        ),
    ),
    Story(
        "Visitor from Leeds",
        3,
        "/demo",
        (Line("visitor", "Good afternoon. Can I still change the address of an order from this morning?"),),
        tags=("delivery",),
    ),
)

NUISANCES = (
    Nuisance(
        "Rank higher: rankings.example.net",
        9 * HOUR,
        "Dear website owner, we offer guest posts and backlinks, first page on Google guaranteed. "
        "http://bit.ly/first-page http://rankings.example.net http://backlinks.example.net",
        email="rankings@example.net",
    ),
    Nuisance(
        "",
        4 * HOUR,
        "EARN $5000 A WEEK FROM HOME with crypto, guaranteed profit! "
        "http://bit.ly/fast-profit http://crypto-profit.example.net http://casino-bonus.example.net",
    ),
)
