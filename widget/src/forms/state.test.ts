import { expect, test } from "vitest";
import { INITIAL, reduce, type FormEvent, type FormState } from "./state";

const after = (...events: FormEvent[]): FormState => events.reduce(reduce, INITIAL);
const submit: FormEvent = { type: "submit" };
const accepted: FormEvent = {
  type: "accepted",
  answer: { status: "confirmation_sent", submission: "sub_1", poll_token: "p", message: "We've sent a link." },
};

test("a second click while sending changes nothing", () => {
  const sending = after(submit);
  expect(sending.phase).toBe("sending");
  expect(reduce(sending, submit)).toBe(sending);
});

test("after it was sent nothing sends it again", () => {
  const sent = after(submit, accepted);
  expect([sent.phase, sent.submission, sent.message]).toEqual(["sent", "sub_1", "We've sent a link."]);
  expect(reduce(sent, submit)).toBe(sent);
});

test("a network failure keeps the form and lets it be sent again", () => {
  const failed = after(submit, { type: "failed", problem: "network" });
  expect([failed.phase, failed.problem]).toEqual(["failed", "network"]);
  expect(reduce(failed, submit)).toMatchObject({ phase: "sending", problem: null });
});

test("what passes is sent again as it was typed, until somebody changes it", () => {
  for (const problem of ["network", "unavailable"] as const) {
    const waiting = after(submit, { type: "failed", problem });
    expect(waiting).toMatchObject({ phase: "failed", problem, again: true });
    expect(reduce(waiting, submit)).toMatchObject({ phase: "sending", again: false });
    const changed = reduce(waiting, { type: "changed" });
    expect(changed).toMatchObject({ phase: "failed", problem, again: false });
    expect(reduce(changed, { type: "changed" })).toBe(changed);
  }
  expect(after(submit, { type: "failed", problem: "server" }).again).toBe(false);
});

test("too many tries say when to come back", () => {
  expect(after(submit, { type: "failed", problem: "rate_limited", retryAfter: 30 }).retryAfter).toBe(30);
});

test("when the time is over it says so, once", () => {
  const waited = after(submit, { type: "failed", problem: "rate_limited", retryAfter: 30 }, { type: "waited" });
  expect(waited).toMatchObject({ phase: "failed", problem: "waited", retryAfter: null });
  expect(reduce(waited, { type: "waited" })).toBe(waited);
  expect(reduce(waited, submit)).toMatchObject({ phase: "sending", problem: null });
});

test("a code that comes too soon says when to come back, and the e-mail asked for again too", () => {
  const soon = after(submit, accepted, { type: "code" }, { type: "codeRefused", problem: "rate_limited", wait: 40 });
  expect(soon).toMatchObject({ phase: "sent", code: { busy: false, problem: "rate_limited" }, wait: 40 });
  expect(after(submit, accepted, { type: "resend" }, { type: "resent", ok: false, wait: 40 })).toMatchObject({ resend: "failed", wait: 40 });
});

test("errors of fields are shown and gone with the next try", () => {
  const invalid = after(submit, { type: "invalid", errors: { email: ["Not an address."] } });
  expect(invalid).toMatchObject({ phase: "invalid", errors: { email: ["Not an address."] } });
  expect(reduce(invalid, submit).errors).toEqual({});
});

test("a refused challenge is solved again once, then the person is told", () => {
  const again = after(submit, { type: "challenge" });
  expect(again.phase).toBe("challenge");
  expect(reduce(again, accepted).phase).toBe("sent");
  expect(reduce(again, { type: "challenge" })).toMatchObject({ phase: "failed", problem: "challenge" });
});

test("a kind that confirms nobody is done at once", () => {
  expect(after(submit, { type: "accepted", answer: { status: "done", message: "Thanks" } })).toMatchObject({ phase: "confirmed", asked: false });
});

test("a wrong code can be typed again, an expired one cannot", () => {
  const wrong = after(submit, accepted, { type: "code" }, { type: "codeRefused", problem: "wrong_code" });
  expect(wrong).toMatchObject({ phase: "sent", code: { busy: false, problem: "wrong_code" } });
  expect(reduce(wrong, { type: "code" }).code).toEqual({ busy: true, problem: null });
  expect(reduce(wrong, { type: "codeRefused", problem: "expired" }).phase).toBe("expired");
});

test("the code is checked once at a time", () => {
  const checking = after(submit, accepted, { type: "code" });
  expect(reduce(checking, { type: "code" })).toBe(checking);
});

test("what was confirmed elsewhere shows its result, whatever comes after", () => {
  const result = { title: "Done", text: "Welcome." };
  const confirmed = after(submit, accepted, { type: "polled", answer: { status: "confirmed", result } });
  expect(confirmed).toMatchObject({ phase: "confirmed", result });
  for (const late of [{ type: "polled", answer: { status: "expired", result: null } }, { type: "code" }, { type: "resend" }] as FormEvent[]) {
    expect(reduce(confirmed, late)).toBe(confirmed);
  }
});

test("asking for the e-mail again works one at a time and says so", () => {
  const busy = after(submit, accepted, { type: "resend" });
  expect(reduce(busy, { type: "resend" })).toBe(busy);
  expect(reduce(busy, { type: "resent", ok: true })).toMatchObject({ resend: "done", message: "We've sent a link." });
});

test("another address begins anew", () => {
  expect(after(submit, accepted, { type: "edit" })).toBe(INITIAL);
});
