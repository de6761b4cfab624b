"""What goes into the loader: the site's settings as JSON that is safe inside any script."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

PLACEHOLDER = "__LEADCAPTURE_CONFIG__"

# Inside a script `<` could end it (`</script>`) or open a comment, and the two separators end a line in older engines.
_ESCAPES = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}


def loader_config(
    *,
    base: str,
    key: str,
    name: str,
    language: str,
    accent: str,
    accent_text: str,
    position: str,
    available: bool,
    panel: str,
    launcher: Mapping[str, str],
    forms: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """What the loader knows of its site without a further request; `forms` are descriptions by slug.

    A challenge is left out: it would be older than the page it is solved on.
    """
    return {
        "base": base,
        "site": key,
        "name": name,
        "lang": language,
        "accent": accent,
        "accentText": accent_text,
        "position": position,
        "available": available,
        "panel": panel,
        "launcher": dict(launcher),
        "forms": {
            slug: {field: value for field, value in form.items() if field != "challenge"}
            for slug, form in forms.items()
        },
    }


def script_json(value: Any) -> str:
    """The value as JSON that means the same as a JavaScript expression and can end no script."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPES)


def snippet(loader: str, config: Mapping[str, Any]) -> str:
    """The loader's text with the configuration put in its place. Raises ValueError when it has not exactly one."""
    if loader.count(PLACEHOLDER) != 1:
        raise ValueError(f"the loader must contain {PLACEHOLDER} exactly once")
    return loader.replace(PLACEHOLDER, script_json(config))


def snippet_line(base: str, key: str) -> str:
    """The one line of HTML that a site owner pastes."""
    return f'<script async src="{base}/widget/{key}.js"></script>'


def content_tag(content: str) -> str:
    """An entity tag that changes with every byte of the content and is the same on every process."""
    return hashlib.sha256(content.encode()).hexdigest()[:32]
