"""The commands as people run them: real processes, their output and their exit codes."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.servers import Service, free_port, wait_for

MakeService = Callable[..., Service]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """An installation with the demo's data that nobody serves."""
    with Service(tmp_path_factory.mktemp("shop")) as service:
        service.seed_demo()
        yield service


def failed(service: Service, *arguments: str) -> str:
    """The one line on standard error of a command that must fail with exit code 1."""
    done = service.run(*arguments, check=False)
    assert done.returncode == 1, done
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_seeding_again_prints_the_same(shop: Service) -> None:
    assert json.loads(shop.run("seed-demo", "--json").stdout) == shop.demo
    for person in [*shop.demo["operators"], *shop.demo["other_site"]["operators"]]:
        assert {"email", "password", "role"} == set(person)


def test_for_people_the_passwords_stand_there_whole(shop: Service) -> None:
    shown = shop.run("seed-demo").stdout
    assert all(person["password"] in shown for person in shop.demo["operators"])
    assert shop.demo["site_key"] in shown


def test_contacts_come_out_as_csv(shop: Service) -> None:
    done = shop.run("contacts", "export", "--site", shop.demo["site_key"])
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert {"email", "name", "phone", "status", "language", "confirmed_at", "source"} <= set(rows[0])
    assert len(rows) >= 25
    assert {row["status"] for row in rows} == {"confirmed", "unsubscribed"}
    assert "نورة" in {row["name"] for row in rows}
    assert "mina@example.com" not in {row["email"] for row in rows}, "who has not confirmed is no contact"
    assert done.stderr == "", "no progress bar where nobody watches"


def test_charlies_site_exports_none_of_the_other_shops_contacts(shop: Service) -> None:
    done = shop.run("contacts", "export", "--site", shop.demo["other_site"]["site_key"])
    assert len(done.stdout.strip().splitlines()) == 1


def test_a_site_that_is_not_there_is_one_line_and_exit_code_1(shop: Service) -> None:
    assert "No such site" in failed(shop, "contacts", "export", "--site", "site_nobody")


@pytest.mark.parametrize(
    "arguments", [["contacts", "export"], ["bake"], ["operator", "add", "--site", "a"], ["serve", "--x"]]
)
def test_wrong_usage_is_exit_code_2(shop: Service, arguments: list[str]) -> None:
    assert shop.run(*arguments, check=False).returncode == 2


def test_a_new_site_gets_a_key_and_the_line_to_paste(shop: Service) -> None:
    key, line = shop.run(
        "site", "add", "--name", "Third shop", "--origin", "https://third.example.org"
    ).stdout.splitlines()
    assert key.startswith("site_")
    assert line == f'<script async src="{shop.url}/widget/{key}.js"></script>'


def test_an_origin_that_is_none_is_refused(shop: Service) -> None:
    assert "shop" in failed(shop, "site", "add", "--name", "Shop", "--origin", "shop")


def test_a_new_operator_gets_a_password_that_is_printed_once(shop: Service) -> None:
    add = ("operator", "add", "--site", shop.demo["site_key"], "--email", "dora@example.org", "--role", "admin")
    first = shop.run(*add).stdout
    password = next(line for line in first.splitlines() if line.startswith("Password: ")).removeprefix("Password: ")
    assert len(password) >= 20
    assert "Password" not in shop.run(*add).stdout


def test_an_operator_of_another_site_keeps_the_password(shop: Service) -> None:
    other = shop.demo["other_site"]["site_key"]
    done = shop.run("operator", "add", "--site", other, "--email", "bob@example.org", "--role", "operator")
    assert "has an account already" in done.stdout
    assert "Password" not in done.stdout


def test_an_address_that_is_none_is_refused(shop: Service) -> None:
    failed(shop, "operator", "add", "--site", shop.demo["site_key"], "--email", "bob")


def test_upgrading_twice_is_no_trouble(make_service: MakeService) -> None:
    service = make_service()
    for _ in range(2):
        assert service.run("db", "upgrade").returncode == 0


def test_the_service_starts_as_a_module_and_as_a_command(shop: Service) -> None:
    command = Path(sys.executable).with_name("leadcapture")
    by_name = subprocess.run([command, "--version"], env=shop.environ, capture_output=True, text=True, check=True)
    assert shop.run("--version").stdout == by_name.stdout


# ---- settings and start ---------------------------------------------------------------------------------------------


def test_a_setting_that_cannot_be_used_is_one_clear_line(make_service: MakeService) -> None:
    line = failed(make_service(WORKERS="many"), "serve")
    assert "LEADCAPTURE_WORKERS" in line
    assert "Traceback" not in line


def test_a_port_that_is_taken_is_one_clear_line(make_service: MakeService) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert "LEADCAPTURE_PORT" in failed(make_service(PORT=port), "serve")


def test_a_database_that_is_not_there_is_one_clear_line_without_its_password(make_service: MakeService) -> None:
    url = f"postgresql+psycopg://shop:very-secret@127.0.0.1:{free_port()}/shop"
    line = failed(make_service(DATABASE_URL=url), "serve")
    assert "database" in line
    assert "very-secret" not in line


def test_postgresql_that_is_not_migrated_says_so(make_service: MakeService, postgresql_url: str) -> None:
    service = make_service(DATABASE_URL=postgresql_url)
    assert "leadcapture db upgrade" in failed(service, "serve")
    assert "not up to date" in service.run("doctor", check=False).stdout
    service.run("db", "upgrade")
    assert service.run("site", "add", "--name", "Shop", "--origin", "https://shop.example.org").returncode == 0
    assert service.run("doctor").returncode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_start_prints_a_set_up_link_and_ends_cleanly(
    make_service: MakeService, number: signal.Signals
) -> None:
    service = make_service()
    service.command = ("serve",)
    service.preloaded = number is not signal.SIGTERM  # once the way everybody starts it
    service.start()
    assert f"{service.url}/console/set-up/" in service.log.read_text()
    assert service.process is not None
    os.kill(service.process.pid, number)
    assert service.process.wait(timeout=20) == 0
    assert "Traceback" not in service.log.read_text()


def test_with_an_operator_there_is_no_set_up_link(make_service: MakeService) -> None:
    service = make_service()
    service.seed_demo()
    service.command = ("serve",)
    service.start()
    assert "/set-up/" not in service.log.read_text()


def test_the_jobs_alone_end_cleanly(make_service: MakeService) -> None:
    service = make_service()
    service.run("db", "upgrade")
    jobs = service.begin("jobs")
    wait_for(lambda: "jobs are running" in service.log.read_text(), "the jobs to run")
    jobs.terminate()
    assert jobs.wait(timeout=20) == 0


def test_the_demo_says_where_to_go_and_how_to_sign_in(make_service: MakeService) -> None:
    service = make_service()
    service.start()
    said = service.log.read_text()
    for words in (
        f"{service.url}/demo",
        f"{service.url}/console/",
        "alice@example.org",
        "demo-password-alice",
        "Outbox",
    ):
        assert words in said
    wait_for(lambda: "Listening" in service.log.read_text(), "the server to listen")


# ---- doctor ---------------------------------------------------------------------------------------------------------


def test_the_doctor_finds_a_healthy_installation_well(shop: Service) -> None:
    done = shop.run("doctor")
    lines = done.stdout.splitlines()
    assert {line.split("  ", 1)[0].strip() for line in lines} == {"ok"}
    assert any("Mail" in line for line in lines)


def test_the_doctor_sees_a_secret_key_that_others_can_read(make_service: MakeService) -> None:
    service = make_service()
    service.run("db", "upgrade")
    key = service.folder / "instance" / "secret_key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    key.chmod(0o644)
    done = service.run("doctor", check=False)
    assert done.returncode == 1
    assert "chmod 600" in done.stdout


def test_the_doctor_tells_a_mail_server_that_is_away_and_a_public_url_without_tls(make_service: MakeService) -> None:
    service = make_service(SMTP_URL=f"smtp://127.0.0.1:{free_port()}?tls=none", PUBLIC_URL="http://chat.example.org")
    done = service.run("doctor", check=False)
    assert done.returncode == 1
    wrong = [line for line in done.stdout.splitlines() if line.startswith("WRONG")]
    assert len(wrong) == 2
    assert "LEADCAPTURE_SMTP_URL" in wrong[0]
    assert "https" in wrong[1]


def test_the_doctor_names_a_bad_setting(make_service: MakeService) -> None:
    done = make_service(PORT="eighty").run("doctor", check=False)
    assert done.returncode == 1
    assert "LEADCAPTURE_PORT" in done.stdout
