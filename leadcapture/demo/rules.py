"""The fixed names of the demo: the same on every machine, so that a page or a test can rely on them."""

from __future__ import annotations

SITE_KEY = "site_demo7xk2q5mzv4hj6wnt"
SITE_NAME = "Demo shop"
OTHER_SITE_KEY = "site_other3rw6tqy2vgk5nps"
OTHER_SITE_NAME = "Other shop"
ACCENT = "#a34c2e"  # the shop's own colour, which its panel and forms take over
PRIVACY_PATH = "/demo/privacy"

NEWSLETTER_SLUG = "newsletter"
QUESTION_SLUG = "question"
# The form of every other kind has the kind's name for a slug.
SLUGS = {"subscription": NEWSLETTER_SLUG, "offline": QUESTION_SLUG}

# Address, name, password, role. Everybody may know these: a demo must never hold anything worth keeping.
OPERATORS = (
    ("alice@example.org", "Alice", "demo-password-alice", "owner"),
    ("bob@example.org", "Bob", "demo-password-bob", "operator"),
)
OTHER_OPERATORS = (("charlie@example.org", "Charlie", "demo-password-charlie", "owner"),)
