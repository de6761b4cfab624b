// What a form is doing, as pure decisions. The view (behaviour.ts) shows a state and reports events; nothing else
// moves it. An event that does not fit the phase changes nothing: a second click sends nothing twice.
import type { Accepted, FormResult, SubmissionState } from "../protocol";

export type Phase = "idle" | "sending" | "invalid" | "challenge" | "sent" | "confirmed" | "expired" | "failed";
export type Problem = "network" | "unavailable" | "server" | "rate_limited" | "waited" | "challenge" | "refused" | "missing" | "said";
export type CodeProblem = "format" | "wrong_code" | "expired" | "too_many_tries" | "rate_limited" | "network" | "server";

export interface FormState {
  phase: Phase;
  /** Sentences by field, said by the service or found here. */
  errors: Record<string, string[]>;
  problem: Problem | null;
  /** Seconds to wait, when the service said so. */
  retryAfter: number | null;
  /** It is sent again by itself, as it was typed: what was in the way passes. */
  again: boolean;
  /** What the service said: where the e-mail went, or why it takes nothing. */
  message: string;
  submission: string | null;
  pollToken: string | null;
  result: FormResult | null;
  /** Whether the person had an address to confirm; false where the kind confirms nobody. */
  asked: boolean;
  challenged: boolean;
  code: { busy: boolean; problem: CodeProblem | null };
  resend: "none" | "busy" | "done" | "failed";
  /** Seconds to wait before a code or an e-mail is asked for again, when the service said so. */
  wait: number | null;
}

export type FormEvent =
  | { type: "submit" }
  | { type: "invalid"; errors: Record<string, string[]> }
  | { type: "challenge" }
  | { type: "accepted"; answer: Accepted }
  | { type: "failed"; problem: Problem; retryAfter?: number | null; message?: string }
  | { type: "waited" }
  | { type: "changed" }
  | { type: "polled"; answer: SubmissionState }
  | { type: "code" }
  | { type: "codeRefused"; problem: CodeProblem; wait?: number | null }
  | { type: "resend" }
  | { type: "resent"; ok: boolean; wait?: number | null }
  | { type: "edit" };

export const INITIAL: FormState = {
  phase: "idle",
  errors: {},
  problem: null,
  retryAfter: null,
  again: false,
  message: "",
  submission: null,
  pollToken: null,
  result: null,
  asked: false,
  challenged: false,
  code: { busy: false, problem: null },
  resend: "none",
  wait: null,
};

const OPEN: Phase[] = ["idle", "invalid", "failed"];
const BUSY: Phase[] = ["sending", "challenge"];
/** Nobody took it, and nobody refused it either. */
const PASSING: Problem[] = ["network", "unavailable"];

/** The state after an event; the very same object where the event changes nothing. */
export function reduce(state: FormState, event: FormEvent): FormState {
  switch (event.type) {
    case "submit":
      return OPEN.includes(state.phase) ? { ...INITIAL, phase: "sending" } : state;
    case "invalid":
      return OPEN.includes(state.phase) || BUSY.includes(state.phase)
        ? { ...INITIAL, phase: "invalid", errors: event.errors }
        : state;
    case "challenge":
      // Once a new challenge is fetched by itself; a second refusal is for the person to see.
      if (!BUSY.includes(state.phase)) return state;
      return state.challenged
        ? { ...INITIAL, phase: "failed", problem: "challenge" }
        : { ...state, phase: "challenge", challenged: true };
    case "failed":
      return BUSY.includes(state.phase) ? failed(event) : state;
    case "changed":
      // What was changed meanwhile goes when the person says so.
      return state.again ? { ...state, again: false } : state;
    case "waited":
      return state.problem === "rate_limited" ? { ...state, problem: "waited", retryAfter: null } : state;
    case "accepted":
      return BUSY.includes(state.phase) ? accepted(event.answer) : state;
    case "polled":
      return state.phase === "sent" ? polled(state, event.answer) : state;
    case "code":
      return state.phase === "sent" && !state.code.busy ? { ...state, code: { busy: true, problem: null } } : state;
    case "codeRefused":
      if (state.phase !== "sent") return state;
      return event.problem === "expired"
        ? { ...state, phase: "expired", code: INITIAL.code }
        : { ...state, code: { busy: false, problem: event.problem }, wait: event.wait ?? null };
    case "resend":
      return state.phase === "sent" && state.resend !== "busy" ? { ...state, resend: "busy" } : state;
    case "resent":
      if (state.phase !== "sent") return state;
      return { ...state, resend: event.ok ? "done" : "failed", wait: event.wait ?? null };
    case "edit":
      return BUSY.includes(state.phase) ? state : INITIAL;
  }
}

function failed({ problem, retryAfter = null, message = "" }: Extract<FormEvent, { type: "failed" }>): FormState {
  return { ...INITIAL, phase: "failed", problem, retryAfter, message, again: PASSING.includes(problem) };
}

function accepted(answer: Accepted): FormState {
  const base = { ...INITIAL, message: answer.message ?? "", result: answer.result ?? null };
  if (answer.status === "done" || !answer.submission) return { ...base, phase: "confirmed" };
  return { ...base, phase: "sent", asked: true, submission: answer.submission, pollToken: answer.poll_token ?? null };
}

function polled(state: FormState, answer: SubmissionState): FormState {
  if (answer.status === "confirmed") return { ...state, phase: "confirmed", result: answer.result, code: INITIAL.code };
  if (answer.status === "expired") return { ...state, phase: "expired", code: INITIAL.code };
  return state;
}
