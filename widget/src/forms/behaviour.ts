// What makes a painted form work: it sends without leaving the page, shows errors at their fields, keeps what was
// typed whatever happens, and then waits with the person for the confirmation.
import { call, type Answer } from "../api";
import { el } from "../dom";
import { waitingTime } from "../i18n/waiting";
import { westernLocale, type Words } from "../i18n/words";
import type { Accepted, Challenge, Descriptor, SubmissionState, WireError } from "../protocol";
import { randomId } from "../random";
import { doneView, type DoneView } from "./done";
import { dress } from "./dress";
import { sayValue } from "./fields";
import { enhanced } from "./kind";
import { isStale, solve } from "./proof";
import { followConditions } from "./shown";
import { INITIAL, reduce, type CodeProblem, type FormEvent, type FormState, type Phase } from "./state";
import { suggestAddresses } from "./suggest";
import { suggestion } from "./typos";
import { clearError, fillFromAddress, readValues, showErrors, writeValues, type Values } from "./values";
import { wrongFields } from "./wrong";

const POLL_MS = 3_000;
const POLL_SLOWLY_MS = 20_000;
const POLL_SLOWLY_AFTER_MS = 600_000;
const AGAIN_MS = 5_000;
const AGAIN_MAX_MS = 60_000;

export interface FormContext {
  base: string;
  site: string;
  t: Words;
  /** The conversation this form is a part of, with the token that proves it; without an id it begins one. */
  conversation?(): { id: string | null; token: string } | null;
  emit(event: "form_sent" | "confirmed", data: object): void;
  changed?(phase: Phase): void;
  /** The form is only looked at: called in place of sending it. Whoever shows it brings the style sheet. */
  preview?(): void;
}

export interface Engaged {
  submit(): void;
  prefill(values: Values): void;
  values(): Values;
  phase(): Phase;
  stop(): void;
}

/** Takes a painted form over. Calling it twice for one element is the caller's mistake. */
export function engage(form: HTMLFormElement, descriptor: Descriptor, context: FormContext): Engaged {
  if (!context.preview) dress(form);
  return descriptor.closed ? INERT : engaged(form, descriptor, context);
}

/** A form that takes nothing now has nothing to do. */
const INERT: Engaged = { submit() {}, prefill() {}, values: () => ({}), phase: () => "idle", stop() {} };

function engaged(form: HTMLFormElement, descriptor: Descriptor, context: FormContext): Engaged {
  const { base, site, t } = context;
  const formUrl = `${base}/v1/${site}/forms/${descriptor.slug}`;
  const button = form.querySelector<HTMLButtonElement>("[data-lc=submit]")!;
  const problem = el("p", { class: "problem", role: "alert", hidden: true });
  const stopped = new AbortController();
  let state: FormState = INITIAL;
  let proof: { challenge: Challenge; payload: Promise<string | null> } | null = null;
  // The challenge on its way: typing and dragging ask for it once.
  let asking: Promise<string | null> | null = null;
  let done: DoneView | null = null;
  let poll: ReturnType<typeof setTimeout> | undefined;
  // Until the service takes something again, after it said that too much came.
  let pause: ReturnType<typeof setTimeout> | undefined;
  // The signed mark of when this filling began: it comes with the first challenge and goes with the next ones.
  let opened = "";
  let sentAt = 0;
  // Marks one filling: sent again after a lost answer, the same words are the same submission.
  let once = "";
  let marked = "";
  // Until it is sent again by itself, and how often in a row it was.
  let again: ReturnType<typeof setTimeout> | undefined;
  let times = 0;

  function dispatch(event: FormEvent): boolean {
    const before = state;
    state = reduce(state, event);
    if (state === before) return false;
    show(before);
    if (state.phase !== before.phase) context.changed?.(state.phase);
    return true;
  }

  // ---- sending

  async function submit(): Promise<void> {
    const errors = wrongFields(form, descriptor.lang, t);
    if (Object.keys(errors).length) {
      dispatch({ type: "invalid", errors });
      return;
    }
    if (context.preview) return context.preview();
    if (!dispatch({ type: "submit" })) return;
    try {
      await send();
    } catch {
      dispatch({ type: "failed", problem: "network" });
    }
  }

  async function send(): Promise<void> {
    const altcha = await proven();
    const chat = context.conversation?.() ?? null;
    const values = readValues(form);
    const words = JSON.stringify(values);
    if (words !== marked) [once, marked] = [randomId(), words];
    const answer = await call<Accepted & { error?: WireError }>(formUrl, {
      token: chat?.token,
      signal: stopped.signal,
      body: {
        ...values,
        page_url: location.href,
        once,
        lang: descriptor.lang,
        ...(altcha ? { altcha } : {}),
        ...(chat?.id ? { conversation: chat.id } : {}),
      },
    });
    // Where nothing was taken the proof was not spent either.
    if (answer.status !== 503) proof = null;
    if (answer.status < 300) {
      marked = "";
      if (dispatch({ type: "accepted", answer: answer.data })) context.emit("form_sent", { form: descriptor.slug });
      if (state.phase === "confirmed") context.emit("confirmed", { form: descriptor.slug });
    } else if (answer.data?.error?.code === "challenge") {
      dispatch({ type: "challenge" });
      if (state.phase === "challenge") await send();
    } else {
      refuse(answer);
    }
  }

  function refuse({ status, data, retryAfter }: Answer<{ error?: WireError }>): void {
    const fields = data?.error?.fields;
    if (status === 422 && fields) dispatch({ type: "invalid", errors: fields });
    else if (data?.error?.message && (status === 409 || status === 422)) {
      dispatch({ type: "failed", problem: "said", message: data.error.message });
    } else if (status === 503) dispatch({ type: "failed", problem: "unavailable" });
    else if (status === 429) dispatch({ type: "failed", problem: "rate_limited", retryAfter });
    else dispatch({ type: "failed", problem: status === 403 ? "refused" : status === 404 ? "missing" : "server" });
  }

  /** What the service could not take goes again, later each time, and not from everybody at the same moment. */
  function sendLater(): void {
    clearTimeout(again);
    if (state.again) again = setTimeout(() => void submit(), Math.min(AGAIN_MS * 2 ** times++, AGAIN_MAX_MS) * (0.5 + Math.random()));
    else if (state.phase !== "sending" && state.phase !== "challenge") times = 0;
  }

  /** The solved challenge: begun when the person starts to type, so that it is there when they are done. */
  function proven(): Promise<string | null> {
    if (proof && !isStale(proof.challenge)) return proof.payload;
    return (asking ??= challenged().finally(() => (asking = null)));
  }

  async function challenged(): Promise<string | null> {
    const asked = `${formUrl}?lang=${descriptor.lang}${opened && `&opened=${opened}`}`;
    const { data, status } = await call<Descriptor>(asked, { signal: stopped.signal });
    if (status !== 200 || !data.challenge) return null;
    opened ||= data.opened ?? "";
    proof = { challenge: data.challenge, payload: solve(data.challenge, stopped.signal) };
    return proof.payload;
  }

  // ---- waiting for the confirmation

  function scheduleTick(): void {
    clearTimeout(poll);
    if (state.phase !== "sent" || stopped.signal.aborted) return;
    poll = setTimeout(tick, Date.now() - sentAt > POLL_SLOWLY_AFTER_MS ? POLL_SLOWLY_MS : POLL_MS);
  }

  async function tick(): Promise<void> {
    if (document.visibilityState === "visible" && done?.element.isConnected) {
      const asked = call<SubmissionState>(`${base}/v1/submissions/${state.submission}`, { token: state.pollToken, signal: stopped.signal });
      const answer = await asked.catch(() => null);
      if (answer?.status === 200) settle(answer.data);
    }
    scheduleTick();
  }

  function settle(answer: SubmissionState): void {
    dispatch({ type: "polled", answer });
    if (state.phase === "confirmed") context.emit("confirmed", { form: descriptor.slug });
  }

  async function typeCode(code: string): Promise<void> {
    if (!/^\d{6}$/.test(code)) {
      dispatch({ type: "codeRefused", problem: "format" });
      return;
    }
    if (!dispatch({ type: "code" })) return;
    const url = `${base}/v1/submissions/${state.submission}/code`;
    const asked = call<SubmissionState & { error?: WireError }>(url, { body: { code, poll_token: state.pollToken } });
    const answer = await asked.catch(() => null);
    if (!answer) dispatch({ type: "codeRefused", problem: "network" });
    else if (answer.status === 200) settle(answer.data);
    else {
      const said = answer.data?.error?.code;
      const known: CodeProblem[] = ["wrong_code", "expired", "too_many_tries", "rate_limited"];
      dispatch({ type: "codeRefused", problem: known.find((code) => code === said) ?? "server", wait: answer.retryAfter });
    }
  }

  async function resend(): Promise<void> {
    if (!dispatch({ type: "resend" })) return;
    const url = `${base}/v1/submissions/${state.submission}/resend`;
    const answer = await call(url, { body: { poll_token: state.pollToken } }).catch(() => null);
    dispatch({ type: "resent", ok: answer?.status === 202, wait: answer?.retryAfter });
  }

  // ---- showing

  function show(before: FormState): void {
    const busy = state.phase === "sending" || state.phase === "challenge";
    button.setAttribute("aria-disabled", String(busy));
    button.textContent = busy ? t("form_sending") : descriptor.button;
    if (state.errors !== before.errors) showErrors(form, state.errors);
    problem.textContent = explain();
    problem.hidden = !problem.textContent;
    if (state.phase !== before.phase || state.again !== before.again) sendLater();
    if (state.retryAfter !== before.retryAfter) {
      clearTimeout(pause);
      if (state.retryAfter) pause = setTimeout(() => dispatch({ type: "waited" }), state.retryAfter * 1000);
    }
    if (["sent", "confirmed", "expired"].includes(state.phase)) showDone(before);
    else if (done?.element.isConnected) {
      done.element.replaceWith(form);
      form.querySelector<HTMLElement>(".input")?.focus();
    }
  }

  function explain(): string {
    const { problem: what, retryAfter, errors } = state;
    if (state.phase === "invalid") {
      const elsewhere = Object.entries(errors).filter(([name]) => !form.elements.namedItem(name.split(":")[0]!));
      return elsewhere.flatMap(([, sentences]) => sentences).join(" ") || (Object.keys(errors).length > 1 ? t("form_check") : "");
    }
    if (!what) return "";
    if (what === "said") return state.message;
    if (what === "missing") return t("form_missing");
    if (what === "rate_limited" && retryAfter) return t("form_rate_limited", { time: waitingTime(retryAfter, westernLocale(descriptor.lang)) });
    return [t(what === "rate_limited" ? "form_rate_limited_later" : `form_${what}`), state.again && t("form_again")].filter(Boolean).join(" ");
  }

  function showDone(before: FormState): void {
    const first = !done || !done.element.isConnected;
    done ??= doneView(t, descriptor, { typeCode, resend, edit: () => dispatch({ type: "edit" }), meant: () => suggestion(address()), mend });
    done.show(state, before.phase !== state.phase);
    if (!first) return;
    sentAt = Date.now();
    form.replaceWith(done.element);
    done.focus();
    scheduleTick();
  }

  const emailField = () => form.elements.namedItem("email") as HTMLInputElement | null;
  const address = () => emailField()?.value ?? "";

  function mend(address: string): void {
    const field = emailField();
    if (!dispatch({ type: "edit" }) || !field) return;
    field.value = address;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    button.focus();
  }

  function onSubmit(event: Event): void {
    event.preventDefault();
    void submit();
  }

  // Errors go away where the person mends them; the first key press has the challenge worked out meanwhile.
  function onInput({ target }: Event): void {
    clearError(form, target as HTMLInputElement);
    dispatch({ type: "changed" });
    if ((target as HTMLInputElement).type === "range") sayValue(target as HTMLInputElement, descriptor.lang);
    if (!proof && !context.preview) proven().catch(() => undefined);
  }

  button.before(problem);
  fillFromAddress(form, descriptor.fields, location.search);
  for (const slider of form.querySelectorAll<HTMLInputElement>("[type=range]")) sayValue(slider, descriptor.lang);
  const ends = [
    followConditions(form, descriptor.fields),
    suggestAddresses(form, { question: t("typo_question"), dismiss: t("typo_dismiss") }),
    enhanced(form, descriptor, base),
  ];
  form.addEventListener("submit", onSubmit);
  form.addEventListener("input", onInput);
  return {
    submit: () => void submit(),
    prefill: (values) => writeValues(form, values),
    values: () => readValues(form),
    phase: () => state.phase,
    stop() {
      stopped.abort();
      clearTimeout(again);
      clearTimeout(poll);
      clearTimeout(pause);
      for (const end of ends) end();
      form.removeEventListener("submit", onSubmit);
      form.removeEventListener("input", onInput);
    },
  };
}
