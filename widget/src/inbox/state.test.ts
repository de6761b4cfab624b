import { expect, test } from "vitest";
import type { OperatorMessage, Summary } from "../protocol";
import { lines, news, queue, waits } from "./select";
import { attachmentsOf, behind, draftOf, initial, reduce, type Event, type State } from "./state";

const ALICE = { id: "opr_alice", name: "Alice", available: true };
const time = (second: number) => new Date(Date.UTC(2026, 0, 2, 3, 0, second)).toISOString();

function summary(id: string, change: Partial<Summary> = {}): Summary {
  return {
    id,
    site: { key: "shop", name: "Demo shop" },
    status: "waiting",
    kind: "chat",
    visitor: { id: `vis_${id}`, name: "", email: null, email_confirmed: null, language: "en", page: "", user_id: null, device: "" },
    operator: null,
    last: null,
    last_seq: 0,
    unread: 0,
    waiting_since: time(0),
    created_at: time(0),
    active_at: change.last?.at ?? change.created_at ?? time(0),
    seen: { visitor: 0, operator: 0 },
    delivered: { visitor: 0, operator: 0 },
    rating: null,
    contact: null,
    tags: [],
    snoozed_until: null,
    missed: false,
    held: false,
    held_why: [],
    spam: null,
    escalation: 0,
    blocked: false,
    subject: "",
    verified: false,
    joined: [],
    rev: 0,
    ...change,
  };
}

function message(seq: number, change: Partial<OperatorMessage> = {}): OperatorMessage {
  return {
    id: `msg_${seq}`, client_id: `v${seq}`, seq, conversation: "a", body: `number ${seq}`, at: time(seq),
    author: { kind: "visitor", name: "Visitor" }, kind: "reply", after_seq: seq - 1,
    ...change,
  };
}

const run = (state: State, ...events: Event[]) => events.reduce(reduce, state);
const started = (...summaries: Summary[]) =>
  run(initial(ALICE, null), { type: "queue", queue: { conversations: summaries, more: false } });
const opened = (last_seq = 0) =>
  run(
    started(summary("a", { last_seq })),
    { type: "open", conversation: "a" },
    { type: "synced", conversation: "a", messages: [], next: 0, summary: summary("a", { last_seq }) },
  );
const bodies = (state: State) => lines(state, "a").map(({ message: stored, outgoing }) => (stored ?? outgoing)!.body);
const written = (state: State, clientId: string, text: string) =>
  run(
    state,
    { type: "draft", conversation: "a", text },
    { type: "send", conversation: "a", clientIds: [clientId], at: time(50) },
  );

// A small seeded generator: a failing sequence can be run again.
function random(seed: number) {
  return (below: number) => {
    seed = (seed * 1664525 + 1013904223) % 4294967296;
    return Math.floor((seed / 4294967296) * below);
  };
}

test("messages that arrive in any order, any number of times, stand once each and in order", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const pick = random(seed);
    const total = 1 + pick(30);
    const all = Array.from({ length: total }, (_, index) => message(index + 1));
    let state = opened();
    for (let step = 0; step < total * 3; step++) {
      const kind = pick(4);
      const known = state.threads.a!.next;
      if (kind < 3) {
        state = reduce(state, { type: "message", message: all[pick(total)]! });
      } else {
        const upTo = pick(total + 1);
        const next = Math.max(upTo, known);
        const messages = all.slice(known, upTo);
        state = reduce(state, { type: "synced", conversation: "a", messages, next, summary: summary("a", { last_seq: next }) });
      }
      const shown = state.threads.a!.messages.map(({ seq }) => seq!);
      expect(shown, `seed ${seed}`).toEqual([...new Set(shown)].sort((a, b) => a - b));
      expect(state.threads.a!.next >= known, `seed ${seed}`).toBe(true);
      expect(shown.filter((seq) => seq <= state.threads.a!.next).length, `seed ${seed}`).toBe(state.threads.a!.next);
    }
    state = reduce(state, {
      type: "synced", conversation: "a", messages: all.slice(state.threads.a!.next), next: total,
      summary: summary("a", { last_seq: total }),
    });
    expect(bodies(state), `seed ${seed}`).toEqual(all.map(({ body }) => body));
    expect(behind(state, "a")).toBe(false);
  }
});

test("what is written is shown once, whether its acknowledgement, its broadcast or a sync comes first", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const pick = random(seed);
    let state = written(opened(), "c1", "hello");
    const stored = message(1, { id: "msg_1", client_id: "c1", body: "hello", author: { kind: "operator", name: "Alice" } });
    const tellings: Event[] = [
      { type: "acked", clientId: "c1", id: "msg_1", seq: 1, at: time(1) },
      { type: "message", message: stored },
      { type: "synced", conversation: "a", messages: [stored], next: 1, summary: summary("a", { last_seq: 1 }) },
    ];
    for (let step = 0; step < 6; step++) {
      state = reduce(state, tellings[pick(3)]!);
      expect(bodies(state), `seed ${seed}`).toEqual(["hello"]);
    }
    expect(state.outbox).toEqual([]);
  }
});

test("a visitor who copies the operator's client id removes nothing from the operator's outbox", () => {
  const state = reduce(written(opened(), "c1", "hello"), { type: "message", message: message(1, { client_id: "c1", body: "fake" }) });
  expect(bodies(state)).toEqual(["fake", "hello"]);
  expect(new Set(lines(state, "a").map(({ key }) => key)).size).toBe(2);
});

test("unread counts what the visitor wrote after the last one that was seen", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const pick = random(seed);
    let state = started(summary("a"));
    let [last, seen] = [0, 0];
    const visitors: number[] = [];
    for (let step = 0; step < 40; step++) {
      if (pick(3)) {
        last++;
        const author = pick(4) ? ("visitor" as const) : ("operator" as const);
        if (author === "visitor") visitors.push(last);
        const said = message(last, { author: { kind: author, name: "" }, client_id: `${author}${last}` });
        state = run(state, { type: "message", message: said }, { type: "message", message: said });
      } else {
        seen = last;
        state = reduce(state, { type: "seen", conversation: "a", seq: seen });
      }
      expect(state.conversations.a!.unread, `seed ${seed}`).toBe(visitors.filter((seq) => seq > seen).length);
    }
  }
});

test("a summary read before the newest message does not take it back", () => {
  let state = reduce(started(summary("a")), { type: "message", message: message(1) });
  state = reduce(state, { type: "conversation", summary: summary("a", { last_seq: 0, seen: { visitor: 0, operator: 0 } }) });
  expect(state.conversations.a).toMatchObject({ last_seq: 1, unread: 1, last: { body: "number 1" } });
});

test("what was seen stays seen when an older summary comes late", () => {
  const two = { last_seq: 2, unread: 2 };
  const state = run(
    started(summary("a", two)),
    { type: "seen", conversation: "a", seq: 2 },
    { type: "conversation", summary: summary("a", two) },
  );
  expect(state.conversations.a).toMatchObject({ unread: 0, seen: { operator: 2 } });
});

test("a gap in the numbers is noticed, and so is a message that was only counted", () => {
  const apart = run(opened(), { type: "message", message: message(1) }, { type: "message", message: message(3) });
  expect(behind(apart, "a")).toBe(true);
  expect(behind(reduce(apart, { type: "message", message: message(2) }), "a")).toBe(false);
  expect(behind(reduce(opened(), { type: "conversation", summary: summary("a", { last_seq: 1 }) }), "a")).toBe(true);
});

test("a note stands where it was written and never counts as a number", () => {
  const note = message(0, { id: "msg_n", seq: null, after_seq: 1, kind: "note", body: "psst", author: { kind: "operator", name: "Bob" } });
  const state = run(
    opened(),
    { type: "message", message: message(2) },
    { type: "message", message: note },
    { type: "message", message: message(1) },
  );
  expect(bodies(state)).toEqual(["number 1", "psst", "number 2"]);
  expect(state.threads.a!.next).toBe(2);
  expect(behind(state, "a")).toBe(false);
});

test("each conversation keeps its draft, and a reply and a note are two drafts", () => {
  const state = run(
    started(summary("a"), summary("b")),
    { type: "draft", conversation: "a", text: "to a" },
    { type: "mode", conversation: "a", mode: "note" },
    { type: "draft", conversation: "a", text: "about a" },
    { type: "draft", conversation: "b", text: "to b" },
    { type: "send", conversation: "a", clientIds: ["c1"], at: time(1) },
  );
  expect(state.outbox).toMatchObject([{ kind: "note", body: "about a", conversation: "a" }]);
  expect(draftOf(state, "a")).toMatchObject({ mode: "note", reply: "to a", note: "" });
  expect(draftOf(state, "b").reply).toBe("to b");
});

test("an empty message is not sent, and the same client id is sent once", () => {
  expect(written(opened(), "c1", "   \n ").outbox).toEqual([]);
  expect(written(written(opened(), "c1", "one"), "c1", "two").outbox).toHaveLength(1);
});

test("a refused message stays, says why, can be tried again or taken back into the draft", () => {
  const refused = run(written(opened(), "c1", "hello"), { type: "refused", clientId: "c1", code: "rate_limited" });
  expect(lines(refused, "a")).toMatchObject([{ progress: "failed", outgoing: { failed: "rate_limited" } }]);
  expect(lines(reduce(refused, { type: "retry", clientId: "c1", at: time(60) }), "a")).toMatchObject([{ progress: "waiting" }]);
  const taken = run(refused, { type: "draft", conversation: "a", text: "more" }, { type: "discard", clientId: "c1" });
  expect(taken.outbox).toEqual([]);
  expect(draftOf(taken, "a").reply).toBe("hello\nmore");
});

test("one's own reply says how far it has come", () => {
  const mine = (seq: number) => message(seq, { author: { kind: "operator", name: "Alice" }, client_id: `c${seq}` });
  const state = run(
    opened(),
    { type: "message", message: mine(1) },
    { type: "message", message: mine(2) },
    { type: "message", message: mine(3) },
    { type: "conversation", summary: summary("a", { last_seq: 3, seen: { visitor: 1, operator: 0 }, delivered: { visitor: 2, operator: 0 } }) },
  );
  expect(lines(state, "a").map(({ progress }) => progress)).toEqual(["seen", "delivered", "sent"]);
});

test("who waits longest stands first, then the newest activity", () => {
  const said = (second: number) => ({ body: "", at: time(second), author: "visitor" as const });
  const active = { status: "active" as const, waiting_since: null };
  const state = started(
    summary("old", { ...active, last: said(10) }),
    summary("new", { ...active, last: said(40) }),
    summary("short", { waiting_since: time(30), last: said(50) }),
    summary("long", { waiting_since: time(20), last: said(45) }),
    summary("mine", { status: "active", operator: ALICE, waiting_since: time(25) }),
    summary("bobs", { status: "active", operator: { id: "opr_bob", name: "Bob" }, waiting_since: time(1), last: said(30) }),
    summary("done", { status: "closed" }),
  );
  expect(queue(state).map(({ id }) => id)).toEqual(["long", "mine", "short", "new", "bobs", "old"]);
  expect(queue(reduce(state, { type: "view", view: "closed" })).map(({ id }) => id)).toEqual(["done"]);
  expect(waits(state.conversations.bobs!, ALICE.id)).toBe(false);
});

test("after a reconnect the queue is the truth: what was closed meanwhile does not linger", () => {
  const state = run(started(summary("a"), summary("b")), { type: "queue", queue: { conversations: [summary("b")], more: false } });
  expect(queue(state).map(({ id }) => id)).toEqual(["b"]);
});

test("only what is new calls: a visitor who begins to wait, a line in one's own conversation", () => {
  const before = started(summary("a", { status: "active", operator: ALICE, waiting_since: null }));
  const ids = (after: State) => news(before, after).map(({ id }) => id);
  expect(news(initial(ALICE, null), before)).toEqual([]);
  expect(ids(reduce(before, { type: "conversation", summary: summary("b") }))).toEqual(["b"]);
  expect(ids(reduce(before, { type: "message", message: message(1) }))).toEqual(["a"]);
  const bobs = summary("c", { status: "active", operator: { id: "opr_bob", name: "Bob" }, unread: 3 });
  expect(ids(reduce(before, { type: "conversation", summary: bobs }))).toEqual([]);
  expect(ids(reduce(before, { type: "typing", conversation: "a", name: "V", text: "", until: 9 }))).toEqual([]);
});

test("a thread begins with its newest page; what is older is put before it, what was changed in its place", () => {
  const all = Array.from({ length: 9 }, (_, index) => message(index + 1));
  let state = reduce(started(summary("a", { last_seq: 9 })), {
    type: "synced", conversation: "a", messages: all.slice(6), first: 7, next: 9, rev: 3, summary: summary("a", { last_seq: 9, rev: 3 }),
  });
  expect(behind(state, "a")).toBe(false);
  state = reduce(state, { type: "older", conversation: "a", loading: false, messages: all.slice(3, 6), first: 4 });
  expect(state.threads.a).toMatchObject({ first: 4, next: 9, rev: 3, older: false });
  // A change of what is not here yet is read with it; one of what is here replaces it, once and for all.
  const corrected = { ...all[7]!, body: "corrected", rev: 5 };
  state = reduce(state, {
    type: "synced", conversation: "a", messages: [], next: 9, changed: [{ ...all[0]!, body: "early", rev: 4 }, corrected], rev: 5,
    summary: summary("a", { last_seq: 9, rev: 5 }),
  });
  state = run(state, { type: "message", message: all[7]! }, { type: "changed", message: { ...corrected, body: "stale", rev: 4 } });
  expect(bodies(state)).toEqual(["number 4", "number 5", "number 6", "number 7", "corrected", "number 9"]);
  expect(state.threads.a!.rev).toBe(5);
});

test("a change that is told out of turn is shown, and what lies between is asked for", () => {
  let state = opened(0);
  state = run(state, { type: "message", message: message(1) }, { type: "changed", message: message(1, { body: "second try", rev: 2 }) });
  expect(bodies(state)).toEqual(["second try"]);
  state = reduce(state, { type: "conversation", summary: summary("a", { last_seq: 1, rev: 2 }) });
  expect(behind(state, "a")).toBe(true);
  state = reduce(state, { type: "synced", conversation: "a", messages: [], next: 1, changed: [], rev: 2, summary: summary("a", { last_seq: 1, rev: 2 }) });
  expect(behind(state, "a")).toBe(false);
});

test("a message that is deleted while it is edited ends the editing; what was written beside stays", () => {
  let state = run(opened(), { type: "message", message: message(1) }, { type: "draft", conversation: "a", text: "beside" });
  state = run(state, { type: "edit", conversation: "a", editing: { id: "msg_1", text: "x" } }, { type: "draft", conversation: "a", text: "xy" });
  expect(draftOf(state, "a")).toMatchObject({ reply: "beside", editing: { id: "msg_1", text: "xy" } });
  state = reduce(state, { type: "changed", message: message(1, { body: "", deleted: true, rev: 1 }) });
  expect(draftOf(state, "a")).toMatchObject({ reply: "beside", editing: null });
});

test("files leave as messages of their own, the text with the first; what is still on its way stays", () => {
  const file = (id: string) => ({ id, name: `${id}.png`, size: 1, type: "image/png", url: `/files/${id}`, thumb: null });
  const attachment = (key: string, done: boolean) => ({
    key, name: key, size: 1, preview: null, progress: done ? 1 : 0.5, file: done ? file(key) : null, problem: null,
  });
  const state = run(
    opened(),
    ...["f1", "f2", "slow"].map((key): Event => ({ type: "attach", conversation: "a", attachment: attachment(key, key !== "slow") })),
    { type: "draft", conversation: "a", text: "Look" },
    { type: "send", conversation: "a", clientIds: ["c1", "c2", "c3"], at: time(1) },
  );
  expect(state.outbox.map(({ clientId, body, file }) => [clientId, body, file?.id])).toEqual([["c1", "Look", "f1"], ["c2", "", "f2"]]);
  expect(attachmentsOf(state, "a").map(({ key }) => key)).toEqual(["slow"]);
  const mailed = run(
    opened(),
    { type: "attach", conversation: "a", attachment: attachment("f1", true) },
    { type: "mode", conversation: "a", mode: "email" },
    { type: "draft", conversation: "a", text: "By e-mail" },
    { type: "send", conversation: "a", clientIds: ["c9"], at: time(1) },
  );
  expect(mailed.outbox).toMatchObject([{ kind: "email", body: "By e-mail", file: null }]);
  expect(attachmentsOf(mailed, "a").map(({ key }) => key)).toEqual(["f1"]);
  const back = run(state, { type: "refused", clientId: "c1", code: "closed" }, { type: "discard", clientId: "c1" });
  expect(draftOf(back, "a").reply).toBe("Look");
  expect(attachmentsOf(back, "a").map(({ file }) => file?.id)).toEqual([undefined, "f1"]);
});

test("what has no answer in time is marked as not sent until it is tried again", () => {
  let state = written(opened(), "c1", "hello");
  state = reduce(state, { type: "late", before: time(49) });
  expect(state.outbox[0]!.late).toBe(false);
  state = reduce(state, { type: "late", before: time(50) });
  expect(lines(state, "a").map(({ progress }) => progress)).toEqual(["late"]);
  state = reduce(state, { type: "retry", clientId: "c1", at: time(60) });
  expect(lines(state, "a").map(({ progress }) => progress)).toEqual(["waiting"]);
  expect(reduce(state, { type: "late", before: time(59) })).toBe(state);
});
