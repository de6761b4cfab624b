"""What goes into the loader: the site's settings as JSON that is safe inside any script."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

PLACEHOLDER = "__LEADCAPTURE_CONFIG__"
LARGEST = 5_000  # bytes of the script with all it carries, by gzip: what a host page is promised

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
) -> dict[str, Any]:
    """What the loader knows of its site without a further request, but for the forms."""
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
    }


def without_challenge(form: Mapping[str, Any]) -> dict[str, Any]:
    """A form's description as the loader carries it: a challenge would be older than the page it is solved on."""
    return {name: value for name, value in form.items() if name != "challenge"}


def script_json(value: Any) -> str:
    """The value as JSON that means the same as a JavaScript expression and can end no script."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPES)


@lru_cache(maxsize=256)
def snippet(loader: str, config: str, forms: str) -> str:
    """The loader's text with the configuration (JSON) and as many of the `forms` (JSON, descriptions by slug) put in
    its place as the promised size allows, in their order. The loader fetches a form that is left out when it comes into
    view.

    Raises ValueError when the loader has not exactly one place.
    """
    if loader.count(PLACEHOLDER) != 1:
        raise ValueError(f"the loader must contain {PLACEHOLDER} exactly once")
    carried: dict[str, Any] = {}
    script = _filled(loader, config, carried)
    for slug, form in json.loads(forms).items():
        longer = _filled(loader, config, {**carried, slug: form})
        if len(gzip.compress(longer.encode(), compresslevel=9)) <= LARGEST:
            carried[slug], script = form, longer
    return script


def _filled(loader: str, config: str, forms: Mapping[str, Any]) -> str:
    return loader.replace(PLACEHOLDER, script_json({**json.loads(config), "forms": forms}))


def snippet_line(base: str, key: str) -> str:
    """The one line of HTML that a site owner pastes."""
    return f'<script async src="{base}/widget/{key}.js"></script>'


def content_tag(content: str) -> str:
    """An entity tag that changes with every byte of the content and is the same on every process."""
    return hashlib.sha256(content.encode()).hexdigest()[:32]
