"""Texts as search compares them: capitals, accents and the marks above and below Arabic letters make no difference.

SQLite calls `folded` by the name of `search_fold` (see contacts.finding); PostgreSQL has a function of that name that
folds the same, made by a migration. A test holds the two equal.
"""

from __future__ import annotations

import re
import unicodedata

# Letters that people write either way.
SAME_ARABIC = {"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ؤ": "و", "ئ": "ي", "ى": "ي", "ة": "ه"}
# What stands above, below or between Arabic letters without being one: the vowels, their dagger, and the stretching.
ARABIC_MARKS = [chr(code) for code in range(0x064B, 0x0656)] + ["\u0670", "\u0640"]
_ARABIC = str.maketrans(SAME_ARABIC | dict.fromkeys(ARABIC_MARKS, ""))
_ACCENTS = re.compile("[\u0300-\u036f]")


def plain(text: str) -> str:
    """The text in small letters, with Arabic letters as they are looked for. Accents stay."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFC", text).translate(_ARABIC).lower()


def folded(text: str) -> str:
    """As `plain`, without accents, and with one small sigma wherever in a word it stands."""
    if text.isascii():
        return text.lower()
    return _ACCENTS.sub("", unicodedata.normalize("NFD", plain(text))).replace("ς", "σ")
