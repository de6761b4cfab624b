import { expect, test } from "vitest";
import { parts } from "./text";
import { dayName, isSameDay } from "./when";

const links = (text: string) => parts(text).flatMap((part) => (typeof part === "string" ? [] : [part.href]));

test("an address becomes a link without the marks of the sentence around it", () => {
  expect(parts("See https://example.org/a?b=1, or (http://example.org).")).toEqual([
    "See ", { href: "https://example.org/a?b=1" }, ", or (", { href: "http://example.org" }, ").",
  ]);
  expect(links("https://example.org/a_(b)")).toEqual(["https://example.org/a_(b)"]);
});

test("nothing but http and https becomes a link", () => {
  const text = "javascript:alert(1) data:text/html,x file:///etc https:// <a href=x> ftp://example.org";
  expect(links(text)).toEqual([]);
  expect(parts(text).join("")).toBe(text);
});

test("every character of a message is kept", () => {
  for (const text of ["", "a", "\n a\n", "https://a.b https://c.d", "x https://example.org/؟"]) {
    expect(parts(text).map((part) => (typeof part === "string" ? part : part.href)).join("")).toBe(text);
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
