import { expect, test } from "vitest";
import type { Placed } from "../protocol";
import { initialState, PEACE_MS, reduce, visible, type Facts, type Met, type PlacementEvent, type State } from "./state";

const NOW = Date.UTC(2026, 2, 4, 10, 30);
const DAY = 86_400_000;

const placed = (slug: string, more: Partial<Placed> = {}): Placed => ({ slug, where: "popup", ...more });
const facts = (forms: Placed[], met: Record<string, Met> = {}, visit = 1): Facts => ({ placed: forms, met, visit });
const begin = (page = "/") => initialState(NOW, page, 0);
const after = (rules: Facts, events: PlacementEvent[], state: State = begin()) =>
  events.reduce((before, event) => reduce(rules, before, event), state);
const wait = (seconds: number, page = "/", now = NOW + seconds * 1000): PlacementEvent => ({ type: "tick", now, page, passed: seconds * 1000 });
const AT_ONCE = wait(0);

test("a form comes after its delay and not before", () => {
  const rules = facts([placed("a", { delay: 5 })]);
  expect(visible(after(rules, [wait(4.9)]))).toBeNull();
  expect(visible(after(rules, [wait(4.9), wait(0.1)]))).toBe("a");
});

test("time in which the page is out of sight does not count", () => {
  const rules = facts([placed("a", { delay: 5 })]);
  expect(visible(after(rules, [{ type: "tick", now: NOW + 60_000, page: "/", passed: 500 }]))).toBeNull();
});

test.each<[string, Partial<Placed>, PlacementEvent, PlacementEvent]>([
  ["a depth", { scroll: 50 }, { type: "scrolled", depth: 49 }, { type: "scrolled", depth: 50 }],
  ["leaving", { exit: true }, { type: "chatEnded" }, { type: "leaving" }],
  ["the end of a chat", { after_chat: true }, { type: "leaving" }, { type: "chatEnded" }],
])("a form comes at %s", (_, when, early, moment) => {
  const rules = facts([placed("a", when)]);
  expect(visible(after(rules, [wait(600), early]))).toBeNull();
  expect(visible(after(rules, [early, moment]))).toBe("a");
});

test("of several moments the first that comes shows it", () => {
  const rules = facts([placed("a", { delay: 60, exit: true })]);
  expect(visible(after(rules, [wait(1), { type: "leaving" }]))).toBe("a");
});

test("a bar without a moment is there from the beginning", () => {
  expect(visible(after(facts([placed("a", { where: "bar" })]), [AT_ONCE]))).toBe("a");
});

test("a form stays away from pages it is not for", () => {
  const rules = facts([placed("a", { delay: 0, urls: ["/shop/*"], not_urls: ["/shop/cart"] })]);
  const on = (page: string) => visible(after(rules, [wait(0, page)], begin(page)));
  expect([on("/"), on("/shop/x"), on("/shop/x?y=1"), on("/shop/cart")]).toEqual([null, "a", "a", null]);
});

test("on a site that changes pages without loading them each page begins anew", () => {
  const rules = facts([placed("a", { delay: 5, scroll: 80, urls: ["/shop"] })]);
  const elsewhere = after(rules, [wait(9), { type: "scrolled", depth: 100 }]);
  const arrived = reduce(rules, elsewhere, wait(1, "/shop"));
  expect(visible(arrived)).toBeNull();
  const shown = after(rules, [wait(5, "/shop")], arrived);
  expect(visible(shown)).toBe("a");
  expect(visible(reduce(rules, shown, wait(1, "/"))), "and goes with its page").toBeNull();
  expect(visible(after(rules, [{ type: "touched" }, wait(1, "/")], shown)), "unless somebody is at work in it").toBe("a");
});

test("a form is seen only between its dates", () => {
  const rules = facts([placed("a", { delay: 0, starts: "2026-03-04T10:31:00Z", ends: "2026-03-04T10:32:00Z" })]);
  const at = (seconds: number) => visible(after(rules, [wait(0, "/", NOW + seconds * 1000)]));
  expect([at(59), at(60), at(119), at(120)]).toEqual([null, "a", "a", null]);
});

test("there are never two at once, and the second leaves some peace after the first", () => {
  const rules = facts([placed("a", { delay: 1 }), placed("b", { delay: 1 })]);
  const first = after(rules, [wait(1)]);
  expect(visible(first)).toBe("a");
  const closed = after(rules, [wait(9, "/", NOW + 10_000), { type: "closed" }], first);
  expect(visible(closed)).toBeNull();
  expect(visible(reduce(rules, closed, { type: "tick", now: NOW + 10_000 + PEACE_MS - 1, page: "/", passed: 500 }))).toBeNull();
  const second = reduce(rules, closed, { type: "tick", now: NOW + 10_000 + PEACE_MS, page: "/", passed: 500 });
  expect(visible(second)).toBe("b");
  expect(visible(after(rules, [{ type: "closed" }, wait(60, "/", NOW + 90_000)], second)), "each comes once a page").toBeNull();
});

test("a bar makes room for a pop-up and comes back after it", () => {
  const rules = facts([placed("bar", { where: "bar" }), placed("pop", { exit: true })]);
  const bar = after(rules, [AT_ONCE]);
  expect(visible(bar)).toBe("bar");
  const popup = reduce(rules, bar, { type: "leaving" });
  expect(visible(popup)).toBe("pop");
  expect(visible(after(rules, [{ type: "closed" }, wait(60)], popup))).toBe("bar");
});

test("a bar somebody is at work in makes no room", () => {
  const rules = facts([placed("bar", { where: "bar" }), placed("pop", { exit: true })]);
  const busy = after(rules, [AT_ONCE, { type: "touched" }, { type: "leaving" }]);
  expect(visible(busy)).toBe("bar");
  expect(visible(after(rules, [{ type: "closed" }, wait(60)], busy)), "the other waits").toBe("pop");
});

test("nothing shows itself over a chat; what became due waits for its end", () => {
  const rules = facts([placed("a", { delay: 5 })]);
  const chatting = after(rules, [{ type: "chat", busy: true }, wait(9)]);
  expect(visible(chatting)).toBeNull();
  expect(visible(reduce(rules, chatting, { type: "chat", busy: false }))).toBe("a");
});

test("a form that was there is set aside while the chat is open, and is there again after it", () => {
  const rules = facts([placed("a", { delay: 0 })]);
  const open = after(rules, [AT_ONCE, { type: "touched" }, { type: "chat", busy: true }]);
  expect(visible(open)).toBeNull();
  expect(visible(reduce(rules, open, { type: "chat", busy: false }))).toBe("a");
});

test("who closed it is left alone for the days set, and after the last time for good", () => {
  const rules = (met: Met) => facts([placed("a", { delay: 0 })], { a: met });
  const met = (more: Partial<Met>) => visible(after(rules({ times: 1, at: NOW - 7 * DAY, ...more }), [AT_ONCE]));
  expect(met({})).toBe("a");
  expect(met({ at: NOW - 7 * DAY + 1 })).toBeNull();
  expect(met({ times: 2 })).toBe("a");
  expect(met({ times: 3 })).toBeNull();
  expect(met({ at: 0, sent: true })).toBeNull();
});

test("how often is the owner's choice", () => {
  const on = (more: Partial<Placed>, met: Met) => visible(after(facts([placed("a", { delay: 0, ...more })], { a: met }), [AT_ONCE]));
  expect(on({ every_days: 0, most: 9 }, { times: 8, at: NOW })).toBe("a");
  expect(on({ every_days: 30 }, { times: 1, at: NOW - 29 * DAY })).toBeNull();
  expect(on({ most: 1 }, { times: 1, at: 0 })).toBeNull();
});

test("first-time visitors are left alone where the owner wants it so", () => {
  const on = (visit: number) => visible(after(facts([placed("a", { delay: 0, visits: 2 })], {}, visit), [AT_ONCE]));
  expect([on(1), on(2), on(3)]).toEqual([null, "a", "a"]);
});

test("what was sent elsewhere on the page goes; sent in it, it stays with what comes of it", () => {
  const rules = facts([placed("a", { delay: 0 })]);
  const shown = after(rules, [AT_ONCE]);
  expect(visible(reduce(rules, shown, { type: "sent", slug: "a" }))).toBeNull();
  const own = after(rules, [{ type: "touched" }, { type: "sent", slug: "a" }], shown);
  expect(visible(own)).toBe("a");
  expect(visible(after(rules, [{ type: "closed" }, wait(60)], own))).toBeNull();
});

test("a form that cannot be shown holds up no other", () => {
  const rules = facts([placed("a", { delay: 0 }), placed("b", { delay: 0 })]);
  expect(visible(after(rules, [AT_ONCE, { type: "unusable", slug: "a" }]))).toBe("b");
});

test("closed in another tab, it goes here too", () => {
  const one = placed("a", { delay: 0 });
  const shown = after(facts([one]), [AT_ONCE]);
  expect(visible(reduce(facts([one], { a: { times: 1, at: NOW } }), shown, { type: "remembered" }))).toBeNull();
});

test("whatever happens in whatever order, at most one is seen and none during a chat", () => {
  const forms = [placed("a", { where: "bar" }), placed("b", { delay: 2 }), placed("c", { where: "slide", scroll: 50 }), placed("d", { exit: true })];
  const rules = facts(forms);
  const events: PlacementEvent[] = [
    wait(3), { type: "scrolled", depth: 70 }, { type: "leaving" }, { type: "chat", busy: true }, { type: "chat", busy: false },
    { type: "touched" }, { type: "closed" }, { type: "sent", slug: "c" }, { type: "unusable", slug: "b" }, wait(9, "/other"),
  ];
  let seed = 7;
  const random = () => (seed = (seed * 16807) % 2147483647);
  for (let round = 0; round < 300; round++) {
    let state = begin();
    for (let step = 0; step < 20; step++) {
      const before = state;
      const event = events[random() % events.length]!;
      state = reduce(rules, state, event);
      if (state.busy) expect(visible(state)).toBeNull();
      if (state.chosen) expect(state.over).not.toContain(state.chosen);
      if (before.touched && !["closed", "unusable"].includes(event.type)) expect(state.chosen).toBe(before.chosen);
    }
  }
});

test("nobody is invited to a conversation they are in, and an invitation comes once it is over", () => {
  const rules = facts([placed("invitation:a", { where: "invitation", delay: 5 })]);
  const talking = after(rules, [{ type: "chat", busy: false, talking: true }, wait(10)]);
  expect(visible(talking)).toBeNull();
  expect(visible(after(rules, [{ type: "chat", busy: false, talking: false }], talking))).toBe("invitation:a");
});

test("an invitation goes when a conversation begins, and keeps to how often as forms do", () => {
  const one = placed("invitation:a", { where: "invitation", delay: 5, every_days: 2 });
  const seen = after(facts([one]), [wait(10)]);
  expect(visible(seen)).toBe("invitation:a");
  expect(visible(after(facts([one]), [{ type: "chat", busy: false, talking: true }], seen))).toBeNull();
  expect(visible(after(facts([one], { "invitation:a": { times: 1, at: NOW - DAY } }), [wait(10)]))).toBeNull();
  expect(visible(after(facts([one], { "invitation:a": { times: 1, at: NOW - 3 * DAY } }), [wait(10)]))).toBe("invitation:a");
});
