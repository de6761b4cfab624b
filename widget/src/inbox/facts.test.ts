import { expect, test } from "vitest";
import { languageName, webAddress, zoned } from "./facts";

test.each(["javascript:alert(1)", "data:text/html,x", "blob:https://x/1", "file:///etc", "no address", "", "//x"])(
  "nobody is sent to %s", (url) => expect(webAddress(url)).toBeNull(),
);

test("web addresses are links", () => expect(webAddress("https://shop.example.org/a?b")?.host).toBe("shop.example.org"));

test("a visitor's time is that of their zone", () => {
  const at = Date.UTC(2026, 2, 4, 10, 30);
  expect(zoned(at, "Asia/Tokyo", "en")).toMatch(/^Wed,? 7:30\sPM \(Tokyo\)$/);
  expect(zoned(at, "America/Argentina/Buenos_Aires", "en")).toContain("Buenos Aires");
  expect(zoned(at, "Nowhere/<b>", "en")).toBe("Nowhere/<b>");
});

test("a language that is none stays what it is", () => {
  expect(languageName("ar", "en")).toBe("Arabic");
  expect(languageName("!!", "en")).toBe("!!");
});
