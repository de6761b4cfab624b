import { expect, test } from "vitest";
import type { Summary } from "../protocol";
import { concerns, due, heard, REPEAT_MS, rings } from "./ringing";

const NOW = Date.parse("2026-03-04T10:30:00Z");
const here = { id: "opr_a", available: true };
const away = { id: "opr_a", available: false };
const summary = (change: Partial<Summary> = {}) =>
  ({ status: "waiting", waiting_since: "2026-03-04T10:29:50Z", snoozed_until: null, held: false, escalation: 0, operator: null, ...change }) as Summary;

test("a waiting visitor rings for who is there until somebody takes the conversation", () => {
  expect(rings(summary(), here, NOW)).toBe(true);
  for (const status of ["active", "unanswered", "closed"] as const) expect(rings(summary({ status }), here, NOW)).toBe(false);
});

test("who is away is left in peace until everybody is told", () => {
  expect(rings(summary(), away, NOW)).toBe(false);
  expect(heard(summary(), away)).toBe(false);
  expect(rings(summary({ escalation: 1 }), away, NOW)).toBe(true);
});

test("what is held as spam rings for nobody, however long it waits", () => {
  expect(rings(summary({ held: true }), here, NOW)).toBe(false);
  expect(rings(summary({ held: true, escalation: 2 }), away, NOW)).toBe(false);
});

test("who is away still hears those whom they talk with", () => {
  expect(heard(summary({ status: "active", operator: { id: "opr_a", name: "Alice" } }), away)).toBe(true);
});

test("what is put aside is quiet until then", () => {
  expect(rings(summary({ snoozed_until: "2026-03-04T11:00:00Z" }), here, NOW)).toBe(false);
  expect(rings(summary({ snoozed_until: "2026-03-04T10:00:00Z" }), here, NOW)).toBe(true);
});

test("a colleague's visitor is no concern of ours", () => {
  expect(concerns(summary(), "opr_a")).toBe(true);
  expect(concerns(summary({ operator: { id: "opr_a", name: "Alice" } }), "opr_a")).toBe(true);
  expect(concerns(summary({ operator: { id: "opr_b", name: "Bob" } }), "opr_a")).toBe(false);
});

test("several tabs make one sound, and repeat it no sooner than is meant", () => {
  const never = { first: 0, again: 0, loud: 0 };
  expect(due("first", never, NOW)).toBe(true);
  expect(due("first", { ...never, first: NOW - 300 }, NOW)).toBe(false);
  expect(due("loud", { ...never, first: NOW - 300 }, NOW)).toBe(true);
  expect(due("loud", { ...never, loud: NOW - 300 }, NOW)).toBe(false);
  expect(due("again", { ...never, loud: NOW - 2_000 }, NOW)).toBe(false);
  expect(due("again", { first: NOW - 60_000, again: NOW - REPEAT_MS, loud: 0 }, NOW)).toBe(true);
});
