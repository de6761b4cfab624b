import { expect, test } from "vitest";
import { choices, local } from "./later";

const offered = (now: Date) => choices(now).map(({ words }) => words.replace("inbox.snooze_", ""));

test("the times on offer lie ahead and follow each other", () => {
  for (let hour = 0; hour < 24 * 14; hour++) {
    const now = new Date(2026, 2, 4, hour, 30);
    const times = choices(now).map(({ at }) => at.getTime());
    expect(times.every((at) => at > now.getTime()), String(now)).toBe(true);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  }
});

test("this evening is offered by day, Monday unless it is tomorrow", () => {
  expect(offered(new Date(2026, 2, 4, 10))).toEqual(["hour", "hours", "evening", "tomorrow", "monday"]);
  expect(offered(new Date(2026, 2, 4, 17, 30))).not.toContain("evening");
  expect(offered(new Date(2026, 2, 8, 10))).not.toContain("monday");
  expect(choices(new Date(2026, 2, 2, 10)).at(-1)!.at).toEqual(new Date(2026, 2, 9, 9));
});

test("a moment stands in its field as it is on the wall", () => {
  expect(local(new Date(2026, 2, 4, 9, 5))).toBe("2026-03-04T09:05");
});
