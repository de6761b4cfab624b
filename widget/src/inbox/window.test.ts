import { expect, test } from "vitest";
import { drawn, moved, OVER, revealing } from "./window";

const rows = (...ids: string[]) => ids.map((id) => ({ id }));
const many = (from: number, to: number) => rows(...Array.from({ length: to - from }, (_, index) => `r${from + index}`));

test("what is seen is drawn, with a few rows around it, and never more", () => {
  expect(drawn(0, 600, 80, 2000)).toEqual({ first: 0, end: 8 + OVER });
  expect(drawn(80_000, 600, 80, 2000)).toEqual({ first: 1000 - OVER, end: 1000 + 8 + OVER });
  expect(drawn(1e9, 600, 80, 2000)).toEqual({ first: 1999 - OVER, end: 2000 });
  expect(drawn(0, 600, 80, 0)).toEqual({ first: 0, end: 0 });
  expect(drawn(-50, 600, 80, 3)).toEqual({ first: 0, end: 3 });
});

test("whoever reads further down stays with the rows that are read, whatever comes or goes above", () => {
  const before = many(0, 100);
  expect(moved(before, [...rows("new"), ...before], 40)).toBe(1);
  expect(moved(before, before.slice(3), 40)).toBe(-3);
  expect(moved(before, before, 40)).toBe(0);
  // The row on top went to the beginning of the list: those below it stay where they are.
  const called = [before[40]!, ...before.filter((_, index) => index !== 40)];
  expect(moved(before, called, 40)).toBe(0);
  expect(moved(before, many(500, 600), 40)).toBe(0);
});

test("a row is revealed by the shortest way", () => {
  expect(revealing(5, 0, 800, 80)).toBe(0);
  expect(revealing(20, 0, 800, 80)).toBe(21 * 80 - 800);
  expect(revealing(2, 1600, 800, 80)).toBe(160);
});
