"""Settings: where they come from, and that a bad one stops the start with a sentence."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from leadcapture import settings
from leadcapture.errors import BadSetting


def load(folder: Path, **given: str) -> settings.Settings:
    return settings.load({"LEADCAPTURE_INSTANCE": str(folder), **{f"LEADCAPTURE_{k}": v for k, v in given.items()}})


def test_nothing_has_to_be_set(tmp_path: Path) -> None:
    loaded = load(tmp_path)
    assert loaded.public_url == "http://127.0.0.1:8000"
    assert loaded.database_url == f"sqlite:///{tmp_path}/leadcapture.db"
    assert loaded.smtp_url is None


def test_the_secret_key_is_made_once_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    first = load(tmp_path).secret_keys
    assert load(tmp_path).secret_keys == first
    assert len(first[0]) > 40
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_a_list_of_keys_rotates(tmp_path: Path) -> None:
    assert load(tmp_path, SECRET_KEY="new, old").secret_keys == ["new", "old"]


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('port = 9000\nstore_ip = false\npublic_url = "https://chat.example.org/"')
    assert load(tmp_path).port == 9000
    assert load(tmp_path).store_ip is False
    assert load(tmp_path).public_url == "https://chat.example.org"
    assert load(tmp_path, PORT="9001").port == 9001


def test_a_secret_can_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "smtp").write_text("smtp://user:pass@mail.example.org:587\n")
    assert load(tmp_path, SMTP_URL_FILE=str(tmp_path / "smtp")).smtp_url == "smtp://user:pass@mail.example.org:587"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "99999"),
        ("WORKERS", "0"),
        ("PUBLIC_URL", "chat.example.org"),
        ("DATABASE_URL", "mysql://x"),
        ("SMTP_URL", "http://mail"),
        ("STORE_IP", "perhaps"),
        ("SECRET_KEY_FILE", "/nonexistent"),
    ],
)
def test_a_value_that_cannot_be_used_stops_the_start_and_is_named(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=f"LEADCAPTURE_{name}"):
        load(tmp_path, **{name: value})


def test_a_bad_secret_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(BadSetting) as error:
        load(tmp_path, SMTP_URL="http://user:hunter2@mail")
    assert "hunter2" not in error.value.message


def test_more_than_one_process_asks_for_redis(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="LEADCAPTURE_REDIS_URL"):
        load(tmp_path, WORKERS="2")


def test_a_setting_that_does_not_exist_in_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("prot = 1\n")
    with pytest.raises(BadSetting, match="prot"):
        load(tmp_path)
