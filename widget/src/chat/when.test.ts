import { expect, test } from "vitest";
import { backAt } from "./when";

// Local times: what is told is the visitor's own.
const now = new Date(2026, 2, 4, 18, 30).getTime(); // a Wednesday
const back = (days: number, lang = "en") => backAt(new Date(2026, 2, 4 + days, 9, 0).toISOString(), lang, now);

test.each([
  [0, "back_today", "Wednesday"],
  [1, "back_tomorrow", "Thursday"],
  [5, "back_day", "Monday"],
  [6, "back_day", "Tuesday"],
  [7, "back_day", "Wednesday, March 11"],
] as const)("in %i days: %s, %s", (days, key, day) => {
  expect(back(days)).toEqual({ key, values: { day, time: expect.stringMatching(/^9:00\sAM$/) } });
});

test("the day is named in the visitor's language, with the digits of our mails", () => {
  const { values } = back(9, "ar");
  expect(values.day).toMatch(/الجمعة.*13.*مارس/);
  expect(values.time).toMatch(/^9:00/);
});
