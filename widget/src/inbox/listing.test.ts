import { expect, test } from "vitest";
import type { Summary } from "../protocol";
import { BUILT_IN, BY_HAND, said, stands, type Filter } from "./filters";
import { pageOf } from "./listing";
import { news, queue } from "./select";
import { initial, reduce, type Event, type State } from "./state";

const ALICE = { id: "opr_alice", name: "Alice", available: true };
const NOBODY = new Set<string>();
const time = (minute: number) => new Date(Date.UTC(2026, 0, 2, 3, minute)).toISOString();

function summary(id: string, minute: number, change: Partial<Summary> = {}): Summary {
  return {
    id, status: "active", kind: "chat", site: { key: "shop", name: "Demo shop" }, operator: null, last: null, last_seq: 0, unread: 0,
    visitor: { id: `vis_${id}`, name: "", email: null, email_confirmed: null, language: "en", page: "", user_id: null, device: "" },
    waiting_since: null, created_at: time(minute), active_at: time(minute), seen: { visitor: 0, operator: 0 },
    delivered: { visitor: 0, operator: 0 }, rating: null, contact: null, tags: [], snoozed_until: null, missed: false, held: false, held_why: [], spam: null,
    escalation: 0, blocked: false, subject: "", verified: false, joined: [], rev: 0,
    ...change,
  } as Summary;
}

const run = (state: State, ...events: Event[]) => events.reduce(reduce, state);
const ids = (state: State) => queue(state).map(({ id }) => id);
const told = (conversations: Summary[], more = false): Event =>
  ({ type: "queue", queue: { conversations, more, cursor: more ? "c" : null } });
const started = (conversations: Summary[], more = false) => run(initial(ALICE, null), told(conversations, more));
const listed = (conversations: Summary[], more = false, view = "open"): Event => ({
  type: "listed", view, filter: BUILT_IN[view as keyof typeof BUILT_IN], from: "c", conversations, more, cursor: more ? "d" : null,
});

test("each filter lets through what it says", () => {
  const one = summary("a", 5, { tags: ["VIP"], unread: 2, operator: ALICE, rating: { stars: 5, comment: "" } });
  const fits: [Filter, boolean][] = [
    [{}, true], [{ where: "closed" }, false], [{ where: "snoozed" }, false], [{ where: "all" }, true],
    [{ operator: "me" }, true], [{ operator: "none" }, false], [{ operator: "opr_bob" }, false], [{ tag: "VIP" }, true],
    [{ tag: "vip" }, false], [{ language: "ar" }, false], [{ kind: "question" }, false], [{ unread: true }, true],
    [{ missed: true }, false], [{ rated: true }, true], [{ mentions: true }, false], [{ site: "shop" }, true],
    [{ since: time(5) }, true], [{ since: time(6) }, false], [{ until: time(5) }, false], [{ statuses: ["active"] }, true],
    [{ statuses: ["waiting"] }, false], [{ statuses: [] }, true],
  ];
  for (const [filter, fit] of fits) expect(stands(one, filter, ALICE.id, NOBODY), JSON.stringify(filter)).toBe(fit);
  expect(stands(one, { mentions: true }, ALICE.id, new Set(["a"]))).toBe(true);
  for (const where of ["open", "all", "held"] as const) expect(stands({ ...one, held: true }, { where }, ALICE.id, NOBODY)).toBe(where === "held");
  expect(stands({ ...one, snoozed_until: time(9) }, {}, ALICE.id, NOBODY)).toBe(false);
  expect(said({ where: "open", tag: "", unread: false, statuses: [] })).toEqual({ where: "open" });
});

test("a list goes as far as it was told, but for those who wait", () => {
  const state = run(
    started([summary("a", 9), summary("b", 8)], true),
    { type: "conversation", summary: summary("far", 1) },
    { type: "conversation", summary: summary("waits", 2, { status: "waiting", waiting_since: time(2) }) },
  );
  expect(ids(state)).toEqual(["waits", "a", "b"]);
  expect(ids(run(state, listed([summary("c", 5), summary("far", 1)])))).toEqual(["waits", "a", "b", "c", "far"]);
});

test("what changes goes to where it stands at once, in and out of the view", () => {
  let state = run(started([summary("a", 9), summary("b", 8)]), { type: "view", view: "mine" });
  expect(ids(state)).toEqual([]);
  state = run(state, { type: "conversation", summary: summary("b", 10, { operator: ALICE }) });
  expect(ids(state)).toEqual(["b"]);
  state = run(state, { type: "conversation", summary: summary("b", 11, { operator: ALICE, snoozed_until: time(50) }) });
  expect(ids(state)).toEqual([]);
  expect(ids(run(state, { type: "view", view: "snoozed" }))).toEqual(["b"]);
});

test("after a break the list stays as long as it was, and what went meanwhile goes where a page says so", () => {
  const all = Array.from({ length: 6 }, (_, index) => summary(`c${index}`, 30 - index));
  const before = run(started(all.slice(0, 2), true), listed(all.slice(2, 4), true), listed(all.slice(4)));
  expect(ids(before)).toEqual(["c0", "c1", "c2", "c3", "c4", "c5"]);
  // c1 and c4 were closed elsewhere while the connection was away.
  let state = run(before, told([all[0]!, all[2]!], true));
  expect(ids(state)).toEqual(["c0", "c2", "c3", "c4", "c5"]);
  expect(pageOf(state).more).toBe(true);
  state = run(state, listed([all[3]!, all[5]!]));
  expect(ids(state)).toEqual(["c0", "c2", "c3", "c5"]);
});

test("what was heard after the break is not taken for gone by a page that was read before", () => {
  const before = started([summary("a", 9), summary("b", 8)]);
  const state = run(before, told([summary("a", 9)], true), { type: "conversation", summary: summary("b", 7, { unread: 1 }) }, listed([summary("z", 1)]));
  expect(ids(state)).toEqual(["a", "b", "z"]);
});

test("an answer to a filter that is not asked any more says nothing", () => {
  const filter: Filter = { tag: "VIP" };
  const state = run(started([summary("a", 9)]), { type: "view", view: BY_HAND, filter }, { type: "view", view: BY_HAND, filter: { tag: "other" } });
  const late: Event = { type: "listed", view: BY_HAND, filter, from: null, conversations: [summary("b", 3)], more: false, cursor: null };
  expect(reduce(state, late)).toBe(state);
});

test("the list is the same array while nothing in it changed", () => {
  const state = started([summary("a", 9), summary("b", 8)]);
  const rows = queue(state);
  expect(queue({ ...state, typing: {} })).toBe(rows);
  expect(queue(run(state, { type: "conversation", summary: summary("x", 1, { status: "closed" }) }))).toBe(rows);
});

test("further pages are no news, a snooze that ends is", () => {
  const before = started([summary("a", 9)], true);
  const aside = summary("b", 8, { operator: ALICE, snoozed_until: time(1) });
  const later = run(before, { type: "conversation", summary: aside });
  expect(news(before, later)).toEqual([]);
  expect(news(later, run(later, { type: "conversation", summary: { ...aside, snoozed_until: null } })).map(({ id }) => id)).toEqual(["b"]);
});
