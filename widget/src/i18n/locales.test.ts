import { expect, test } from "vitest";
import ar from "./ar.json";
import en from "./en.json";
import { direction, words } from "./words";

const places = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();

test("every language has the same words with the same places to fill", () => {
  expect(Object.keys(ar)).toEqual(Object.keys(en));
  for (const [key, text] of Object.entries(en)) {
    const other = (ar as Record<string, string>)[key]!;
    expect(other.trim(), key).not.toBe("");
    expect(places(other), key).toEqual(places(text));
  }
});

test("a text is filled with its values", () => {
  expect(words(en)("too_long", { count: 3 })).toBe("3 characters too many");
});

test("Arabic is written right to left", () => {
  expect([direction("ar"), direction("ar-EG"), direction("en")]).toEqual(["rtl", "rtl", "ltr"]);
});
