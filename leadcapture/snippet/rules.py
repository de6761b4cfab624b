"""What goes into the loader: the site's settings as JSON that is safe inside any script."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
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
    forms_module: str,
    placement: str | None,
    wait: int | None,
    watch: bool,
    launcher: Mapping[str, str],
) -> dict[str, Any]:
    """What the loader knows of its site without a further request, but for the forms. Without `placement`, the path of
    the module that shows forms by themselves, the loader watches for nothing. With `watch` the site sees visitors who
    agree to it."""
    watching = {"placement": placement, "wait": wait, "watch": watch or None}
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
        "forms_module": forms_module,
        "launcher": dict(launcher),
        **{name: value for name, value in watching.items() if value is not None},
    }


def first_delay(placed: Iterable[Mapping[str, Any]]) -> int | None:
    """Seconds until the first of the forms that show themselves may do so when the visitor does nothing; None when all
    wait for an act."""
    acts = ("scroll", "exit", "after_chat")
    delays = [one.get("delay", None if any(act in one for act in acts) else 0) for one in placed]
    return min((delay for delay in delays if delay is not None), default=None)


def lean(form: Mapping[str, Any]) -> dict[str, Any]:
    """A form's description as the loader carries it: what painting it takes. A challenge would be older than the page
    it is solved on."""
    kept = _set(form, but={"challenge", "kind", "version", "consent"})
    boxes = [_set(box, but={"version"}) for box in form["consents"]]
    return {**kept, "fields": [_set(field) for field in form["fields"]], "consents": boxes}


def _set(values: Mapping[str, Any], but: Collection[str] = ()) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in but and value not in (None, False, "")}


def script_json(value: Any) -> str:
    """The value as JSON that means the same as a JavaScript expression and can end no script."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPES)


@lru_cache(maxsize=256)
def snippet(loader: str, config: str, forms: str, placed: str = "[]") -> str:
    """The loader's text with the configuration put in its place, and as much as the promised size allows of `placed`
    (forms that show themselves and when) and then of `forms` (descriptions by slug), in their order; all are JSON.

    What is left out is fetched: a form when it comes into view, the whole list (`more`) when the first is needed.
    Raises ValueError when the loader has not exactly one place.
    """
    if loader.count(PLACEHOLDER) != 1:
        raise ValueError(f"the loader must contain {PLACEHOLDER} exactly once")
    settings = {**json.loads(config), "forms": {}}
    showing = json.loads(placed)
    if showing:
        settings = {**settings, "placed": [], "more": True}
    for one in showing:
        settings = _longer(loader, settings, {"placed": [*settings["placed"], one]})
    if len(settings.get("placed", ())) == len(showing):
        settings.pop("more", None)
    for slug, form in json.loads(forms).items():
        settings = _longer(loader, settings, {"forms": {**settings["forms"], slug: form}})
    return _filled(loader, settings)


def _longer(loader: str, settings: dict[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with more in them, if the script then still is as small as promised."""
    longer = {**settings, **more}
    size = len(gzip.compress(_filled(loader, longer).encode(), compresslevel=9))
    return longer if size <= LARGEST else settings


def _filled(loader: str, settings: Mapping[str, Any]) -> str:
    return loader.replace(PLACEHOLDER, script_json(settings))


def snippet_line(base: str, key: str) -> str:
    """The one line of HTML that a site owner pastes."""
    return f'<script async src="{base}/widget/{key}.js"></script>'


def content_tag(content: str) -> str:
    """An entity tag that changes with every byte of the content and is the same on every process."""
    return hashlib.sha256(content.encode()).hexdigest()[:32]
