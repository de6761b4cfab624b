// @vitest-environment happy-dom
import { beforeEach, expect, test } from "vitest";
import { memoryOf } from "./memory";
import { isBack } from "./signals";

const KEY = "leadcapture:site_a:forms";
const HOUR = 3_600_000;

beforeEach(() => localStorage.clear());

test("nothing is stored by looking", () => {
  expect(memoryOf("site_a").met()).toEqual({});
  expect(localStorage.length).toBe(0);
});

test("opening and then closing is one time", () => {
  const memory = memoryOf("site_a");
  memory.meet("news", 1000, false);
  memory.meet("news", 2000, true);
  expect(memoryOf("site_a").met()).toEqual({ news: { times: 1, at: 2000 } });
  memory.meet("news", 3000, false, true);
  memory.meet("news", 4000, true);
  expect(memory.met().news, "what was sent stays sent").toEqual({ times: 2, at: 4000, sent: true });
});

test("a visit ends with half an hour of absence", () => {
  const visits = [0, HOUR / 4, HOUR / 4 + HOUR / 2, 2 * HOUR].map((now) => memoryOf("site_a").visit(now));
  expect(visits).toEqual([1, 1, 1, 2]);
});

test("what somebody else wrote there does no harm", () => {
  localStorage[KEY] = "not json";
  expect(memoryOf("site_a").met()).toEqual({});
  expect(memoryOf("site_a").visit(0)).toBe(1);
});

test("where storage is forbidden it is remembered for the page", () => {
  const own = Object.getOwnPropertyDescriptor(globalThis, "localStorage")!;
  Object.defineProperty(globalThis, "localStorage", { configurable: true, get: () => { throw new Error("forbidden"); } });
  try {
    const memory = memoryOf("site_a");
    memory.meet("news", 1000, false);
    expect(memory.met().news?.times).toBe(1);
  } finally {
    Object.defineProperty(globalThis, "localStorage", own);
  }
});

test("only a quick and long scroll up is taken for leaving", () => {
  const scroll = (...places: [number, number][]) => isBack(places.map(([y, at]) => ({ y, at })));
  expect(scroll([2000, 0], [1700, 100], [1400, 200])).toBe(true);
  expect(scroll([2000, 0], [1700, 300], [1400, 600]), "slowly").toBe(false);
  expect(scroll([2000, 0], [1800, 100]), "a little").toBe(false);
  expect(scroll([1400, 0], [2000, 100]), "down").toBe(false);
  expect(scroll()).toBe(false);
});
