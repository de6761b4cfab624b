import { expect, test } from "vitest";
import { short, waited } from "./duration";

test("a wait is told as a clock, and in days when it is that long", () => {
  expect([-1, 7, 65, 3725].map((seconds) => waited(seconds, "en"))).toEqual(["0:00", "0:07", "1:05", "1:02:05"]);
  expect(waited(2 * 86_400 + 5, "en")).toBe("2 days");
});

test("a list shows the time of what is of today, and the day of what is older", () => {
  const now = new Date(2026, 0, 20, 15, 0).getTime();
  expect(short(new Date(2026, 0, 20, 9, 5).toISOString(), "en-GB", now)).toBe("9:05");
  expect(short(new Date(2026, 0, 18, 9, 5).toISOString(), "en-GB", now)).toBe("18 Jan");
});
