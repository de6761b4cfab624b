"""People are brought from another tool: by hand in a browser, from the file to the report and their contact pages."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.e2e.conftest import Watched
from tests.e2e.console import sign_in
from tests.servers import Service

FILE = 'Email;Name;Town\nimported@example.net;"Anna\nof the ""Mill""";Zürich\nnonsense;Bert;\nmina@example.com;Mina;\n'
WORDS = "I agree that Demo shop sends me its newsletter."


def test_an_owner_brings_people_with_proof_of_their_consent(shop: Service, person: Callable[..., Watched]) -> None:
    page = person().page()
    sign_in(page, shop.url, shop.operator("owner"))
    page.goto(f"{shop.url}/console/contacts")
    page.get_by_role("link", name="Import").click()
    page.locator("#file").set_input_files(
        {"name": "people.csv", "mimeType": "text/csv", "buffer": FILE.encode("cp1252")}
    )
    page.locator("main form:has(#file) [type=submit]").click()

    expect(page.locator("h1")).to_have_text("Which column is what?")
    expect(page.locator("#column-0")).to_have_value("email")
    expect(page.locator("main")).to_contain_text("Zürich")
    page.get_by_role("button", name="Go on").click()

    page.fill("[name=source]", "the newsletter tool used until March")
    page.fill("[name=collected]", "2026-03-01")
    page.check("[name=proof][value=yes]")
    page.fill("[name=statement]", WORDS)
    page.fill("[name=purpose]", "newsletter")
    page.locator("#evidence").set_input_files(
        {"name": "form.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n%%EOF\n"}
    )
    page.locator("main form:has(#evidence) [type=submit]").last.click()

    # It is tried first; nothing is changed until somebody says so.
    start = page.get_by_role("button", name="Import 3 rows")
    expect(start).to_be_visible(timeout=20_000)
    expect(page.locator("main")).to_contain_text("Nothing is changed yet")
    start.click()
    expect(page.locator("h2", has_text="What became of the rows")).to_be_visible(timeout=20_000)
    with page.expect_download() as report:
        page.get_by_role("link", name="Report, row by row").click()
    lines = report.value.path().read_text("utf-8-sig").splitlines()
    assert [line.split(",")[:3] for line in lines[1:]] == [
        ["1", "imported@example.net", "new"],
        ["2", "nonsense", "invalid"],
        ["3", "mina@example.com", "new"],
    ]

    page.goto(f"{shop.url}/console/contacts?search=imported")
    page.locator("a.main-link").click()
    expect(page.locator("main")).to_contain_text(WORDS)
    with page.expect_download() as proof:
        page.get_by_role("link", name="JSON", exact=True).click()
    assert WORDS in proof.value.path().read_text("utf-8")
