import { expect, test } from "vitest";
import ar from "../i18n/inbox.ar.json";
import en from "../i18n/inbox.en.json";

const places = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();

test("every language has the same words with the same places to fill", () => {
  expect(Object.keys(ar)).toEqual(Object.keys(en));
  for (const [key, text] of Object.entries(en)) {
    const other = (ar as Record<string, string>)[key]!;
    expect(other.trim(), key).not.toBe("");
    expect(places(other), key).toEqual(places(text));
  }
});
