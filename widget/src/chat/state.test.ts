import { describe, expect, test } from "vitest";
import type { ChatFile, Message } from "../protocol";
import {
  delivery, initialChat, isAway, leftQuestion, needsSync, nextToSend, reduce, tooLong, unansweredText, unread,
  type ChatEvent, type ChatState,
} from "./state";

const AT = "2026-01-02T03:04:05.678Z";
const HERE = { available: true, reply_time: "" };

const said = (seq: number, kind: "visitor" | "operator" = "operator", conversation = "cnv_a"): Message => ({
  id: `${conversation}-msg${seq}`, client_id: `${conversation}-c${seq}`, seq, conversation, author: { kind, name: "Alice" }, body: `text ${seq}`, at: AT,
});
const after = (...events: ChatEvent[]): ChatState => events.reduce(reduce, initialChat(HERE));
const welcome = (messages: Message[], conversation: string | null = "cnv_a"): ChatEvent => ({
  type: "welcome", welcome: { ...HERE, token: "t", conversation, messages, next: messages.length },
});
const compose = (client_id: string, body = "hello"): ChatEvent => ({ type: "compose", client_id, body, at: 0 });
const stored = (client_id: string, seq: number, conversation = "cnv_a"): ChatEvent => ({
  type: "stored", client_id, stored: { id: `${conversation}-msg${seq}`, seq, conversation, at: AT },
});
const refused = (client_id: string): ChatEvent => ({ type: "refused", client_id, error: { code: "blocked", message: "No." } });
const heard = (message: Message): ChatEvent => ({ type: "message", message, now: 0 });
const seqs = (state: ChatState) => state.log.messages.map(({ seq }) => seq);

describe("what is shown", () => {
  test("a message that comes twice is shown once", () => {
    expect(seqs(after(welcome([said(1)]), heard(said(1)), heard(said(2)), heard(said(2))))).toEqual([1, 2]);
  });

  test("a message that comes before its time waits until the gap is filled", () => {
    const early = after(welcome([said(1)]), heard(said(3)));
    expect([seqs(early), needsSync(early)]).toEqual([[1], true]);
    const filled = reduce(early, { type: "synced", messages: [said(2), said(3)] });
    expect([seqs(filled), needsSync(filled)]).toEqual([[1, 2, 3], false]);
  });

  test("a message of mine is shown at once, and once when it is stored", () => {
    const waiting = after(welcome([], null), compose("mine"));
    expect(waiting.pending.map((one) => one.state)).toEqual(["waiting"]);
    const done = reduce(waiting, stored("mine", 1));
    expect([done.pending, seqs(done), done.conversation]).toEqual([[], [1], "cnv_a"]);
  });

  test("a message of mine that was stored behind a gap keeps its place at the end until the gap is filled", () => {
    const state = after(welcome([said(1)]), compose("mine"), stored("mine", 3));
    expect([seqs(state), state.pending.map((one) => one.state), needsSync(state)]).toEqual([[1], ["stored"], true]);
    const filled = reduce(state, { type: "synced", messages: [said(2)] });
    expect([seqs(filled), filled.pending]).toEqual([[1, 2, 3], []]);
  });

  test("a message whose acknowledgement was lost is recognised when the log brings it", () => {
    const mine = { ...said(1, "visitor"), client_id: "mine" };
    const state = after(welcome([], null), compose("mine"), welcome([mine]), stored("mine", 1));
    expect([seqs(state), state.pending]).toEqual([[1], []]);
  });

  test("another conversation begins with its own first message", () => {
    const state = after(welcome([said(1), said(2)]), compose("new"), stored("new", 1, "cnv_b"));
    expect([state.conversation, seqs(state)]).toEqual(["cnv_b", [1]]);
  });

  test("what another tab has not sent yet is shown here too, once", () => {
    const waiting = [{ client_id: "theirs", body: "from the other tab", at: 0 }];
    const state = after(welcome([]), { type: "outbox", waiting }, { type: "outbox", waiting });
    expect(state.pending.map(({ body }) => body)).toEqual(["from the other tab"]);
  });
});

describe("what is sent", () => {
  test("the oldest waiting message goes first, and a failed one waits for the person", () => {
    const state = after(welcome([]), compose("a"), compose("b"), refused("a"));
    expect(nextToSend(state)?.client_id).toBe("b");
    const again = reduce(state, { type: "retry", client_id: "a", at: 1 });
    expect(again.pending.map(({ client_id }) => client_id)).toEqual(["b", "a"]);
  });

  test("a late message is said to be not sent, is tried on in its place, and a late acknowledgement mends it", () => {
    const late = after(welcome([]), compose("a"), compose("b"), { type: "late", client_id: "a" });
    expect([nextToSend(late)?.client_id, late.pending[0]?.late]).toEqual(["a", true]);
    const again = reduce(late, { type: "retry", client_id: "a", at: 1 });
    expect(again.pending.map(({ client_id, late: is }) => [client_id, is])).toEqual([["a", undefined], ["b", undefined]]);
    expect(seqs(reduce(late, stored("a", 1)))).toEqual([1]);
  });

  test("a message that was refused is not said to be late too", () => {
    const state = after(welcome([]), compose("a"), refused("a"), { type: "late", client_id: "a" });
    expect(state.pending).toMatchObject([{ state: "failed", error: "blocked" }]);
    expect(state.pending[0]!.late).toBeUndefined();
  });

  test("a file goes without words, and stands beside the message once it is stored", () => {
    const file = { id: "fil_1", name: "a.png" } as ChatFile;
    const state = after(welcome([]), { type: "compose", client_id: "a", body: "", at: 0, file }, stored("a", 1));
    expect(state.log.messages.map((one) => [one.body, one.file])).toEqual([["", file]]);
  });

  test("nothing and too much are not sent", () => {
    expect(after(compose("a", "  \n ")).pending).toEqual([]);
    expect(after(compose("a", "x".repeat(4001))).pending).toEqual([]);
    expect(tooLong("😀".repeat(4000))).toBe(0);
  });
});

describe("what changes", () => {
  const edited = (seq: number, rev: number): Message => ({ ...said(seq), body: `edited ${rev}`, rev });
  const bodies = (state: ChatState) => state.log.messages.map(({ body }) => body);
  const changed = (message: Message): ChatEvent => ({ type: "changed", message });

  test("an edited message is shown as it is now, where it was", () => {
    const state = after(welcome([said(1), said(2)]), changed(edited(1, 1)));
    expect([bodies(state), state.rev, needsSync(state)]).toEqual([["edited 1", "text 2"], 1, false]);
  });

  test("an edit that was missed is asked for, and the log is whole again", () => {
    const gap = after(welcome([said(1), said(2)]), changed(edited(1, 3)));
    expect([bodies(gap)[0], gap.rev, needsSync(gap)]).toEqual(["edited 3", 0, true]);
    const whole = reduce(gap, { type: "synced", messages: [], changed: [edited(2, 2), edited(1, 3)], rev: 3 });
    expect([bodies(whole), whole.rev, needsSync(whole)]).toEqual([["edited 3", "edited 2"], 3, false]);
  });

  test("an edit of a message that is still held back, or of another conversation, does no harm", () => {
    const early = after(welcome([said(1)]), heard(said(3)), changed(edited(3, 1)), changed({ ...edited(1, 2), conversation: "cnv_b" }));
    expect(bodies(reduce(early, heard(said(2))))).toEqual(["text 1", "text 2", "edited 1"]);
  });
});

describe("who is here", () => {
  const talk = (name: string | null, more: object = {}): ChatEvent => ({
    type: "conversation", now: 5,
    conversation: { id: "cnv_a", status: name ? "active" : "waiting", operator: name ? { name } : null, ...more },
  });
  const lines = (...events: ChatEvent[]) => after(welcome([said(1, "visitor")]), ...events).arrivals.map(({ name, over }) => [name, over]);

  test("whoever was here when we came is no news; whoever comes and takes over is", () => {
    expect(lines(talk("Alice"))).toEqual([]);
    expect(lines(talk(null), talk("Alice"), talk("Alice"))).toEqual([["Alice", false]]);
    expect(lines(talk(null), talk("Alice"), talk("Bob"))).toEqual([["Alice", false], ["Bob", true]]);
    expect(lines(talk(null), talk("Alice"), talk(null), talk("Alice"))).toEqual([["Alice", false]]);
    expect(lines(talk("Alice"), talk("Alice", { joined: ["Erin"] }))).toEqual([["Erin", false]]);
  });

  test("the line stands before what the person said already, and is gone with the conversation", () => {
    const state = after(welcome([said(1, "visitor")]), talk(null), heard(said(2)), talk("Alice"));
    expect(state.arrivals.map(({ afterSeq }) => afterSeq)).toEqual([1]);
    expect(reduce(state, { type: "restart", conversation: null }).arrivals).toEqual([]);
  });

  test("the place in the queue is known while the visitor waits", () => {
    expect(after(welcome([]), talk(null, { place: 2 })).place).toBe(2);
    expect(after(welcome([]), talk(null, { place: 2 }), talk("Alice")).place).toBeNull();
  });
});

describe("what follows", () => {
  test("unread counts the operators' messages after the last one looked at", () => {
    const state = after(welcome([said(1), said(2, "visitor"), said(3)]), { type: "looked", seq: 1 });
    expect(unread(state)).toBe(1);
    expect(unread(reduce(state, { type: "looked", seq: 3 }))).toBe(0);
    expect(reduce(state, { type: "looked", seq: 0 })).toBe(state);
  });

  test("seen includes delivered, and neither goes back", () => {
    const state = after(welcome([]), { type: "theirs", seen: 2 }, { type: "theirs", delivered: 1 }, { type: "theirs", delivered: 3 });
    expect([1, 2, 3, 4].map((seq) => delivery(state, seq))).toEqual(["seen", "seen", "delivered", "sent"]);
  });

  test.each([
    [null, true, false], [null, false, true],
    ["waiting", true, false], ["waiting", false, true],
    ["active", false, false], ["active", true, false],
    ["unanswered", true, true], ["unanswered", false, true],
    ["closed", true, false], ["closed", false, true],
  ] as const)("status %s while available is %s: away is %s", (status, available, away) => {
    expect(isAway({ ...initialChat(HERE), status, available })).toBe(away);
  });

  test("the offline form gets what nobody answered", () => {
    const state = after(welcome([said(1, "visitor"), said(2), said(3, "visitor")]), compose("c", "and this"));
    expect(unansweredText(state)).toBe("text 3\nand this");
  });

  test("what was left with an address is not asked for again", () => {
    const question = { ...said(2, "visitor"), client_id: "sub_1" };
    const left = after(welcome([said(1, "visitor"), question]));
    expect([unansweredText(left), leftQuestion(left)]).toEqual(["", true]);
    const goesOn = reduce(left, heard(said(3, "visitor")));
    expect([unansweredText(goesOn), leftQuestion(goesOn)]).toEqual(["text 3", false]);
    expect(leftQuestion(reduce(left, heard(said(3))))).toBe(false);
  });
});

/** A small generator of repeatable chances. */
function chances(seed: number) {
  return (below: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed % below;
  };
}

test("whatever the network does: nothing twice, nothing out of order, nothing lost", { timeout: 60_000 }, () => {
  for (let seed = 1; seed <= 100; seed++) {
    const chance = chances(seed);
    const service: Message[] = [];
    let state = after(welcome([]));
    let written = 0;
    const post = (kind: "visitor" | "operator", client_id: string) => {
      const known = service.find((one) => one.client_id === client_id);
      if (known) return known;
      const message = { ...said(service.length + 1, kind), client_id };
      service.push(message);
      return message;
    };
    const check = () => {
      expect(seqs(state)).toEqual(state.log.messages.map((_, index) => index + 1));
      const ids = [...state.log.messages, ...state.pending].map((one) => one.client_id);
      expect(new Set(ids).size, `seed ${seed}`).toBe(ids.length);
    };
    for (let step = 0; step < 60; step++) {
      const what = chance(7);
      if (what === 0) state = reduce(state, compose(`w${written++}`));
      if (what === 1) {
        const message = post("operator", `o${step}`);
        if (chance(3)) state = reduce(state, heard(message));
      }
      if (what === 2 || what === 3) {
        const next = nextToSend(state);
        const message = next && post("visitor", next.client_id);
        if (message && chance(3)) state = reduce(state, { type: "stored", client_id: next.client_id, stored: message });
      }
      if (what === 4 && service.length) state = reduce(state, heard(service[chance(service.length)]!));
      if (what === 5) state = reduce(state, { type: "synced", messages: service.slice(state.log.last, state.log.last + 1 + chance(4)) });
      if (what === 6) state = reduce(state, welcome(service.slice(chance(state.log.last + 1))));
      check();
    }
    for (let next = nextToSend(state); next; next = nextToSend(state)) {
      state = reduce(state, { type: "stored", client_id: next.client_id, stored: post("visitor", next.client_id) });
    }
    state = reduce(state, { type: "synced", messages: service.slice(state.log.last) });
    check();
    expect(state.pending).toEqual([]);
    expect(state.log.messages.map(({ id }) => id)).toEqual(service.map(({ id }) => id));
    const mine = service.filter(({ author }) => author.kind === "visitor").map(({ client_id }) => client_id);
    expect(mine).toEqual(Array.from({ length: written }, (_, index) => `w${index}`));
  }
});
