// "Did you mean alice@gmail.com?" beside an e-mail field: to be taken or left, it never stands in anybody's way.
import { el } from "../dom";
import { suggestion } from "./typos";

export interface SuggestWords {
  /** The question with a `{address}` in it. */
  question: string;
  dismiss: string;
}

/** Watches the form's e-mail fields. Returns what ends it. */
export function suggestAddresses(form: HTMLFormElement, words: SuggestWords): () => void {
  const left = new Set<string>();
  const undo = [...form.querySelectorAll<HTMLInputElement>("input[type=email]")].map((field) => {
    // Stands there from the beginning: only then is what comes into it read out.
    const place = el("div", { class: "suggestion", role: "status" });
    const show = () => {
      const meant = suggestion(field.value);
      place.replaceChildren(...(meant && !left.has(field.value) ? asked(field, meant, words, left, place) : []));
    };
    const hide = () => place.replaceChildren();
    const changed = () => afterPress(show);
    field.after(place);
    field.addEventListener("change", changed);
    field.addEventListener("input", hide);
    if (field.value) show();
    return () => {
      field.removeEventListener("change", changed);
      field.removeEventListener("input", hide);
      place.remove();
    };
  });
  return () => undo.forEach((one) => one());
}

let pressed = false;
const waiting: (() => void)[] = [];
addEventListener("pointerdown", () => void (pressed = true), true);
for (const end of ["pointerup", "pointercancel"]) {
  addEventListener(end, () => {
    setTimeout(() => {
      pressed = false;
      for (const what of waiting.splice(0)) what();
    });
  }, true);
}

/** Does it at once, or once the press that ended the typing is over: what comes in between must not move what is pressed. */
function afterPress(what: () => void): void {
  if (pressed) waiting.push(what);
  else what();
}

function asked(field: HTMLInputElement, meant: string, words: SuggestWords, left: Set<string>, place: HTMLElement): (Node | string)[] {
  const take = el("button", { type: "button", class: "link", "data-lc": "suggestion", dir: "ltr" }, meant);
  const leave = el("button", { type: "button", class: "link", "data-lc": "dismiss" }, words.dismiss);
  take.addEventListener("click", () => {
    field.value = meant;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  });
  leave.addEventListener("click", () => {
    left.add(field.value);
    place.replaceChildren();
    field.focus();
  });
  const [before = "", after = ""] = words.question.split("{address}");
  return [el("span", {}, before, take, after), " ", leave];
}
