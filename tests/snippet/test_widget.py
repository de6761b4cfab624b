"""The script that host pages load, and the configuration the panel asks for."""

from __future__ import annotations

import gzip
import json
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from leadcapture import clock, db, i18n, web
from leadcapture.chat import files
from leadcapture.demo import operations as demo
from leadcapture.forms import kinds
from leadcapture.forms import operations as forms
from leadcapture.forms.placement import NOTHING, normal
from leadcapture.sites.models import Site

SHOP, OTHER = "https://shop.example.org", "https://other.example.org"


def config_in(script: str) -> dict[str, Any]:
    """The configuration that a loader's text carries."""
    found: dict[str, Any] = json.JSONDecoder().raw_decode(script[script.index('{"base":') :])[0]
    return found


def rename(site_id: int, name: str) -> None:
    db.write(lambda session: session.execute(update(Site).where(Site.id == site_id).values(name=name)))


def publish(site_id: int, now: datetime, *, placement: dict[str, Any] | None = None, **choices: Any) -> None:
    form = db.write(forms.create, now, site_id=site_id, **choices)
    db.write(forms.publish, now, site_id=site_id, public_id=form.public_id)
    if placement:
        db.write(forms.place, now, site_id=site_id, public_id=form.public_id, inline=form.inline, placement=placement)


def kept(**choices: Any) -> dict[str, Any]:
    """A placement as it is kept."""
    return {**NOTHING, **choices}


def test_one_answer_brings_the_loader_and_what_its_site_has_set(
    client: FlaskClient, people: SimpleNamespace, now: datetime
) -> None:
    publish(people.site.id, now, kind="subscription", slug="newsletter")
    answer = client.get(f"/widget/{people.site.key}.js")
    config = config_in(answer.text)
    described = config["forms"].pop("newsletter")
    launcher = config.pop("launcher")
    assert config == {
        "base": "http://127.0.0.1:8000",
        "site": people.site.key,
        "name": "Demo shop",
        "lang": "en",
        "accent": "#0b6b5d",
        "accentText": "#ffffff",
        "position": "end",
        "available": False,
        "panel": web.static_url("panel.js"),
        "forms_module": web.static_url("forms.js"),
        "forms": {},
    }
    assert {"en", "ar"} == set(launcher)
    assert all(launcher.values())
    assert described["privacy_url"] == "https://shop.example.org/privacy"
    assert {field["name"] for field in described["fields"]} == {"email", "name"}
    assert "challenge" not in described
    assert answer.mimetype == "application/javascript"
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert "Set-Cookie" not in answer.headers


def test_only_forms_that_are_published_and_placed_in_pages_travel_along(
    client: FlaskClient, people: SimpleNamespace, now: datetime
) -> None:
    db.write(forms.create, now, site_id=people.site.id, kind="subscription", slug="a-draft")
    publish(people.site.id, now, kind="offline", slug="question", inline=False)
    assert config_in(client.get(f"/widget/{people.site.key}.js").text)["forms"] == {}


def test_a_form_whose_kind_has_a_script_is_left_to_the_module_of_forms(
    client: FlaskClient, people: SimpleNamespace, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(people.site.id, now, kind="subscription", slug="newsletter")
    built = {**web.manifest(), "kind-subscription.js": "kind-subscription-1a2b3c4d.js"}
    monkeypatch.setattr(web, "manifest", lambda: built)
    assert config_in(client.get(f"/widget/{people.site.key}.js").text)["forms"] == {}


def test_charlies_site_shows_nothing_of_the_other_one(
    client: FlaskClient, people: SimpleNamespace, now: datetime
) -> None:
    publish(people.site.id, now, kind="subscription", slug="newsletter")
    script = client.get(f"/widget/{people.other_site.key}.js").text
    assert config_in(script)["forms"] == {}
    assert people.site.key not in script


def test_a_page_that_has_the_script_gets_304_plain_or_compressed(client: FlaskClient, people: SimpleNamespace) -> None:
    path = f"/widget/{people.site.key}.js"
    plain = client.get(path)
    small = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert not plain.headers["ETag"].startswith("W/")
    assert gzip.decompress(small.data) == plain.data
    for tag, encoding in ((plain.headers["ETag"], "identity"), (small.headers["ETag"], "gzip")):
        again = client.get(path, headers={"If-None-Match": tag, "Accept-Encoding": encoding})
        assert (again.status_code, again.data) == (304, b"")
    rename(people.site.id, "Renamed shop")
    assert client.get(path, headers={"If-None-Match": plain.headers["ETag"]}).status_code == 200


def test_a_head_request_tells_the_size_and_sends_nothing(client: FlaskClient, people: SimpleNamespace) -> None:
    answer = client.head(f"/widget/{people.site.key}.js")
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["ETag"]


@pytest.mark.parametrize("name", ["</script><script>alert(1)</script>", "<!-- & \u2028 \u2029 -->", '"; alert(1); "'])
def test_a_hostile_site_name_stays_a_name(client: FlaskClient, people: SimpleNamespace, name: str) -> None:
    rename(people.site.id, name)
    script = client.get(f"/widget/{people.site.key}.js").text
    assert config_in(script)["name"] == name
    assert name not in script
    assert "</script" not in script.lower()
    assert not {"\u2028", "\u2029"} & set(script)


def test_an_unknown_key_is_a_script_that_says_so(client: FlaskClient, people: SimpleNamespace) -> None:
    answer = client.get("/widget/site_nobody.js")
    assert answer.status_code == 404
    assert answer.mimetype == "application/javascript"
    assert answer.text.startswith("/*")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_the_demo_shops_script_is_under_five_kilobytes(client: FlaskClient, now: datetime) -> None:
    seeded = db.write(demo.seed, now, public_url="http://127.0.0.1:8000")
    answer = client.get(f"/widget/{seeded.site_key}.js", headers={"Accept-Encoding": "gzip"})
    assert set(config_in(gzip.decompress(answer.data).decode())["forms"]) == {"newsletter"}
    assert len(answer.data) <= 5_000


# ---- forms that show themselves -------------------------------------------------------------------------------------


@pytest.fixture
def clock_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    return lambda moment: monkeypatch.setattr(clock, "now", lambda: moment)


def test_the_loader_is_told_where_and_when_a_published_form_shows_itself(
    client: FlaskClient, people: SimpleNamespace, now: datetime
) -> None:
    publish(people.site.id, now, kind="subscription", slug="news", placement=kept(where="popup", delay=8, urls=["/a*"]))
    publish(people.site.id, now, kind="offline", slug="ask", placement=kept(where="bar", menu=True))
    draft = db.write(forms.create, now, site_id=people.site.id, kind="subscription", slug="draft")
    db.write(
        forms.place,
        now,
        site_id=people.site.id,
        public_id=draft.public_id,
        inline=True,
        placement=kept(where="slide", delay=0),
    )
    config = config_in(client.get(f"/widget/{people.site.key}.js").text)
    assert config["placed"] == [
        {"slug": "news", "where": "popup", "delay": 8, "urls": ["/a*"]},
        {"slug": "ask", "where": "bar"},
    ]
    assert config["placement"] == web.static_url("placement.js")
    assert config["wait"] == 0
    assert "more" not in config
    other = config_in(client.get(f"/widget/{people.other_site.key}.js").text)
    assert not {"placed", "placement", "wait"} & set(other), "charlie's site has nothing of it"
    told = client.get(f"/v1/{people.site.key}/config", headers={"Origin": SHOP}).get_json()
    assert told["placed"] == config["placed"]
    assert [form["menu"] for form in told["forms"]] == [False, True]


def test_a_form_shows_itself_only_between_its_dates_by_the_sites_clocks(
    client: FlaskClient, people: SimpleNamespace, now: datetime, clock_at: Callable[[datetime], None]
) -> None:
    db.write(lambda session: session.execute(update(Site).values(timezone="Europe/Budapest")))
    dates = {"starts": "2026-03-10T09:00", "ends": "2026-03-12T18:00"}
    publish(people.site.id, now, kind="subscription", slug="news", placement=kept(where="popup", delay=8, **dates))

    def told(moment: datetime) -> Any:
        clock_at(moment)
        return config_in(client.get(f"/widget/{people.site.key}.js").text).get("placed")

    form = {"slug": "news", "where": "popup", "delay": 8, "ends": "2026-03-12T17:00:00Z"}
    assert told(datetime(2026, 3, 9, 7, 59, tzinfo=UTC)) is None
    assert told(datetime(2026, 3, 9, 8, tzinfo=UTC)) == [form | {"starts": "2026-03-10T08:00:00Z"}]
    assert told(datetime(2026, 3, 10, 8, tzinfo=UTC)) == [form]
    assert told(datetime(2026, 3, 12, 16, 59, tzinfo=UTC)) == [form]
    assert told(datetime(2026, 3, 12, 17, tzinfo=UTC)) is None


def test_hostile_patterns_stay_patterns(client: FlaskClient, people: SimpleNamespace, now: datetime) -> None:
    urls = ["/</script><script>alert(1)</script>", '/";alert(1);"', "/\u2028*", "/__LEADCAPTURE_CONFIG__"]
    publish(people.site.id, now, kind="subscription", slug="news", placement=kept(where="bar", urls=urls))
    script = client.get(f"/widget/{people.site.key}.js").text
    assert config_in(script)["placed"][0]["urls"] == [normal(pattern) for pattern in urls]
    assert "</script" not in script.lower()
    assert "\u2028" not in script


def test_a_site_with_many_of_them_still_keeps_the_promise_of_size(
    client: FlaskClient, people: SimpleNamespace, now: datetime
) -> None:
    for number in range(12):
        urls = [f"/{secrets.token_hex(16)}/*" for _each in range(20)]
        publish(people.site.id, now, kind="subscription", slug=f"news-{number}", placement=kept(where="bar", urls=urls))
    answer = client.get(f"/widget/{people.site.key}.js", headers={"Accept-Encoding": "gzip"})
    config = config_in(gzip.decompress(answer.data).decode())
    assert len(answer.data) <= 5_000
    assert config["more"] is True
    told = client.get(f"/v1/{people.site.key}/config", headers={"Origin": SHOP}).get_json()
    assert len(told["placed"]) == 12


def test_built_files_may_be_used_by_pages_that_isolate_themselves(client: FlaskClient, database: db.Database) -> None:
    assert client.get(web.static_url("panel.js")).headers["Cross-Origin-Resource-Policy"] == "cross-origin"


# ---- the panel's configuration --------------------------------------------------------------------------------------


def test_the_panel_is_told_its_words_forms_and_colours(
    client: FlaskClient, people: SimpleNamespace, now: datetime
) -> None:
    publish(people.site.id, now, kind="subscription", slug="newsletter", placement=kept(menu=True))
    publish(people.site.id, now, kind="offline", slug="question")
    answer = client.get(f"/v1/{people.site.key}/config?lang=ar", headers={"Origin": SHOP})
    config = answer.get_json()
    words = json.loads((web.STATIC / "locales" / "ar.json").read_text(encoding="utf-8"))
    assert config.pop("strings") == words

    def title(kind: str) -> str:
        with i18n.speaking("ar"):
            return kinds.by_name(kind).text("title", {}, "Demo shop")

    assert config == {
        "site": people.site.key,
        "name": "Demo shop",
        "lang": "ar",
        "dir": "rtl",
        "accent": "#0b6b5d",
        "accent_text": "#ffffff",
        "position": "end",
        "privacy_url": "https://shop.example.org/privacy",
        "forms": [
            {"slug": "newsletter", "kind": "subscription", "title": title("subscription"), "menu": True},
            {"slug": "question", "kind": "offline", "title": title("offline"), "menu": False},
        ],
        "placed": [],
        "forms_module": web.static_url("forms.js"),
        "offline_form": "question",
        "chat": {
            "available": False,
            "reply_time": "نرد عادةً خلال بضع دقائق.",
            "back_at": None,
            "files": {"max_mb": 10, "accept": files.accepted()},
            "preview_typing": False,
            "pre_chat": [],
            "phone": "",
            "transcript_form": None,
            "watch": False,
        },
    }
    assert answer.headers["Access-Control-Allow-Origin"] == SHOP
    assert "Origin" in answer.headers["Vary"]


def test_a_panel_that_has_the_configuration_gets_304(client: FlaskClient, people: SimpleNamespace) -> None:
    path = f"/v1/{people.site.key}/config"
    tag = client.get(path, headers={"Origin": SHOP}).headers["ETag"]
    again = client.get(path, headers={"Origin": SHOP, "If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["Access-Control-Allow-Origin"] == SHOP


@pytest.mark.parametrize("origin", [OTHER, "https://shop.example.org.evil.example", "null", "http://shop.example.org"])
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_pages_of_other_sites_are_refused(
    client: FlaskClient, people: SimpleNamespace, origin: str, method: str
) -> None:
    answer = client.open(f"/v1/{people.site.key}/config", method=method, headers={"Origin": origin})
    assert answer.status_code == 403
    assert answer.get_json()["error"]["code"] == "wrong_origin"
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://127.0.0.1:8000"}])
def test_our_own_pages_and_programs_may_read_the_configuration(
    client: FlaskClient, people: SimpleNamespace, headers: dict[str, str]
) -> None:
    assert client.get(f"/v1/{people.site.key}/config", headers=headers).status_code == 200


def test_the_sites_pages_may_ask_before_they_ask(client: FlaskClient, people: SimpleNamespace) -> None:
    answer = client.options(f"/v1/{people.site.key}/config", headers={"Origin": SHOP})
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == SHOP


def test_the_configuration_of_no_site_is_not_found(client: FlaskClient, people: SimpleNamespace) -> None:
    answer = client.get("/v1/site_nobody/config", headers={"Origin": SHOP})
    assert answer.status_code == 404
    assert answer.get_json()["error"]["code"] == "not_found"
