// What stands in a form's place once it was sent: where the e-mail went, the code to type, and then the result.
import { el } from "../dom";
import { waitingTime } from "../i18n/waiting";
import { westernLocale, type Words } from "../i18n/words";
import type { Descriptor } from "../protocol";
import { outcomeParts } from "./outcome";
import type { FormState } from "./state";

export interface DoneView {
  element: HTMLElement;
  show(state: FormState, moved: boolean): void;
  focus(): void;
}

interface Actions {
  typeCode(code: string): void;
  resend(): void;
  edit(): void;
  /** The address that was probably meant by the one it was sent to, if that looks like a slip. */
  meant(): string | null;
  /** Back to the form, with this address in it. */
  mend(address: string): void;
}

let made = 0;

export function doneView(t: Words, { slug, lang, dir }: Descriptor, actions: Actions): DoneView {
  const id = `lcd${++made}`;
  const title = el("h2", { class: "title", tabindex: -1 });
  const text = el("p", { class: "text" });
  const code = el("input", {
    id, name: "code", class: "input code", dir: "ltr", inputmode: "numeric", autocomplete: "one-time-code", maxlength: 12,
    "aria-describedby": `${id}-help ${id}-error`,
  });
  const wrong = el("p", { class: "error", id: `${id}-error`, "data-lc": "error", role: "alert", hidden: true });
  const confirm = el("button", { type: "submit", class: "button" }, t("sent_confirm"));
  const asking = el(
    "form",
    { class: "field", novalidate: true },
    el("label", { for: id }, t("sent_code_label")),
    el("div", { class: "code-row" }, code, confirm),
    el("p", { class: "help", id: `${id}-help` }, t("sent_code_help")),
    wrong,
  );
  const resend = el("button", { type: "button", class: "link" }, t("sent_resend"));
  const edit = el("button", { type: "button", class: "link" }, t("sent_edit"));
  const resent = el("span", { role: "status" });
  const slip = el("p", { class: "suggestion", hidden: true });
  const nothing = el("p", { class: "help" }, `${t("sent_nothing")} `, resend, ". ", resent);
  const change = el("p", { class: "help" }, edit);
  const again = el("button", { type: "button", class: "button" }, t("again"));
  const parts = el("div", { class: "outcome", hidden: true });
  const element = el("section", { class: "form done", "data-lc": "done", "data-slug": slug, lang, dir },
    title, text, slip, parts, asking, nothing, change, again);

  asking.addEventListener("submit", (event) => {
    event.preventDefault();
    actions.typeCode(westernDigits(code.value));
  });
  code.addEventListener("input", () => {
    wrong.hidden = true;
    if (/^\d{6}$/.test(westernDigits(code.value))) actions.typeCode(westernDigits(code.value));
  });
  resend.addEventListener("click", actions.resend);
  edit.addEventListener("click", actions.edit);
  again.addEventListener("click", actions.edit);

  function show(state: FormState, moved: boolean): void {
    const { phase, result } = state;
    element.dataset.state = phase;
    asking.hidden = nothing.hidden = change.hidden = phase !== "sent";
    again.hidden = phase !== "expired";
    slip.hidden = parts.hidden = true;
    if (phase === "sent") {
      title.textContent = t("sent_title");
      text.textContent = state.message;
      showSlip();
      confirm.textContent = t(state.code.busy ? "sent_checking" : "sent_confirm");
      confirm.setAttribute("aria-disabled", String(state.code.busy));
      const problem = state.code.problem;
      wrong.hidden = !problem;
      const limited = state.wait ? t("form_rate_limited", { time: waitingTime(state.wait, westernLocale(lang)) }) : "";
      wrong.textContent = problem ? (problem === "rate_limited" && limited) || codeSentence(problem, t) : "";
      code.setAttribute("aria-invalid", String(!!problem));
      resent.textContent =
        state.resend === "done" ? t("sent_resent") : state.resend === "failed" ? limited || t("load_failed") : "";
      if (problem) code.select();
      return;
    }
    const expired = phase === "expired";
    title.textContent = expired ? t("expired_title") : result?.title || t(state.asked ? "confirmed_title" : "done_title");
    text.textContent = expired ? t("expired_text") : (result?.text ?? (state.asked ? "" : state.message));
    text.hidden = !text.textContent;
    if (moved && result && !expired) parts.replaceChildren(...outcomeParts(result, { copy: t("copy"), copied: t("copied") }));
    parts.hidden = expired || !parts.childElementCount;
    if (moved && element.isConnected) title.focus();
  }

  function showSlip(): void {
    const address = actions.meant();
    slip.hidden = !address;
    if (!address) return;
    const [before = "", after = ""] = t("typo_question").split("{address}");
    const take = el("button", { type: "button", class: "link", "data-lc": "suggestion", dir: "ltr" }, address);
    take.addEventListener("click", () => actions.mend(address));
    slip.replaceChildren(before, take, after);
  }

  return { element, show, focus: () => title.focus() };
}

function codeSentence(problem: string, t: Words): string {
  if (problem === "format") return t("sent_code_format");
  if (problem === "wrong_code") return t("sent_wrong_code");
  if (problem === "rate_limited") return t("form_rate_limited_later");
  if (problem === "too_many_tries") return t("sent_too_many_tries");
  return t("load_failed");
}

/** Digits as any keyboard writes them, Arabic and Persian ones too, without the space some mails put in the middle. */
export function westernDigits(typed: string): string {
  return typed.replace(/[\s-]/g, "").replace(/[٠-٩۰-۹]/g, (digit) => String(digit.charCodeAt(0) & 0xf));
}
