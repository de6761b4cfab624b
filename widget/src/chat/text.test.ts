import { expect, test } from "vitest";
import { parts } from "./text";
import { dayName, isSameDay } from "./when";

const bare = (href: string) => ({ href, text: href });
const links = (text: string) => parts(text).flatMap((part) => (typeof part === "string" ? [] : [part.href]));

test("an address becomes a link without the marks of the sentence around it", () => {
  expect(parts("See https://example.org/a?b=1, or (http://example.org).")).toEqual([
    "See ", bare("https://example.org/a?b=1"), ", or (", bare("http://example.org"), ").",
  ]);
  expect(links("https://example.org/a_(b)")).toEqual(["https://example.org/a_(b)"]);
});

test("an e-mail address becomes a link", () => {
  expect(parts("Write to alice@shop.example.org.")).toEqual([
    "Write to ", { href: "mailto:alice@shop.example.org", text: "alice@shop.example.org" }, ".",
  ]);
  expect(links("mailto:bob@example.org or bob@ or @bob or bob@localhost")).toEqual(["mailto:bob@example.org"]);
});

test.each([
  ["https://shop.example@evil.example/a", "https://shop.example@evil.example/a [evil.example]"],
  ["https://аррӏе.com/", "https://аррӏе.com/ [xn--80ak6aa92e.com]"],
  ["https://xn--80ak6aa92e.com/", "https://xn--80ak6aa92e.com/"],
  ["http://2130706433/", "http://2130706433/ [127.0.0.1]"],
  ["https://EXAMPLE.org:443/a", "https://EXAMPLE.org:443/a"],
  ["https://example.org.evil.example", "https://example.org.evil.example"],
])("what is read of %s says where it leads", (address, shown) => {
  expect(parts(address)).toEqual([{ href: address, text: shown }]);
});

test("a mark that turns the direction of text ends an address", () => {
  expect(links("https://example.org/\u202egpj.exe")).toEqual(["https://example.org/"]);
});

test("nothing but web and e-mail addresses becomes a link", () => {
  const text = "javascript:alert(1) data:text/html,x file:///etc https:// <a href=x> ftp://example.org";
  expect(links(text)).toEqual([]);
  expect(parts(text).join("")).toBe(text);
});

test("every character of a message is kept", () => {
  for (const text of ["", "a", "\n a\n", "https://a.b https://c.d", "x https://example.org/؟"]) {
    expect(parts(text).map((part) => (typeof part === "string" ? part : part.text)).join("")).toBe(text);
  }
});

test("days are called as people call them", () => {
  const words = { today: "Today", yesterday: "Yesterday" };
  const now = new Date(2026, 2, 1, 12).getTime();
  expect(dayName(new Date(2026, 2, 1, 0, 1).getTime(), "en", words, now)).toBe("Today");
  expect(dayName(new Date(2026, 1, 28, 23, 59).getTime(), "en", words, now)).toBe("Yesterday");
  expect(dayName(new Date(2026, 1, 20).getTime(), "en", words, now)).toBe("Friday, February 20");
  expect(dayName(new Date(2025, 1, 20).getTime(), "en", words, now)).toContain("2025");
  expect(isSameDay(new Date(2026, 2, 1, 0, 1).getTime(), new Date(2026, 2, 1, 23, 59).getTime())).toBe(true);
});
