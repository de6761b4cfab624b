// On a form's own page and the page with its result, which work without scripts: with them fields come and go, a kind's
// module takes part, slips in addresses are pointed out, a slider slides, and nothing is sent twice.
import { el } from "./dom";
import { sayValue } from "./forms/fields";
import { enhanced } from "./forms/kind";
import { copyOnPress } from "./forms/outcome";
import { followConditions } from "./forms/shown";
import { suggestAddresses, type SuggestWords } from "./forms/suggest";
import type { Descriptor } from "./protocol";

const described = document.getElementById("form-description");
const form = document.querySelector<HTMLFormElement>("form[data-lc=form]");
if (described && form) {
  const { form: descriptor, words } = JSON.parse(described.textContent ?? "") as { form: Descriptor; words: SuggestWords };
  for (const field of form.querySelectorAll<HTMLInputElement>("input[data-slider]")) slide(field, descriptor.lang);
  // What a condition shows says by itself when it matters.
  for (const group of form.querySelectorAll(".depends")) group.replaceWith(...group.querySelectorAll(":scope > :not(.help)"));
  followConditions(form, descriptor.fields);
  suggestAddresses(form, words);
  sendOnce(form);
  enhanced(form, descriptor, "", () => {
    // What the module shows at every change needs no button.
    for (const button of form.querySelectorAll<HTMLElement>("[name=act]")) button.hidden = true;
  });
}

// Somebody was too quick: when the time is over, the page says that it may be sent now.
for (const notice of document.querySelectorAll<HTMLElement>("[data-wait]")) {
  setTimeout(() => (notice.textContent = notice.dataset.over ?? ""), Number(notice.dataset.wait) * 1000);
}

for (const button of document.querySelectorAll<HTMLElement>(".copy button")) {
  const [code, said] = ["code", "[role=status]"].map((one) => button.parentElement!.querySelector<HTMLElement>(one)!);
  copyOnPress(button, code!, said!, { copy: button.textContent ?? "", copied: button.dataset.copied ?? "" });
  button.hidden = false;
}

/** Makes a slider of a field that was to be typed, unless something else than a number was. */
function slide(field: HTMLInputElement, lang: string): void {
  if (field.value && !/^-?\d+(\.\d+)?$/.test(field.value)) return;
  const { min = "", max = "", step = "", unit = "", at = "" } = field.dataset;
  const value = field.value || at;
  const box = el("div", { class: "range" });
  (field.closest(".with-unit") ?? field).replaceWith(box);
  box.append(field, el("output", { for: field.id, "data-unit": unit }));
  Object.assign(field, { type: "range", min, max, step, value });
  field.addEventListener("input", () => sayValue(field, lang));
  sayValue(field, lang);
}

/** Lets one press of the button send once; whoever comes back by the browser's button may send again. */
function sendOnce(form: HTMLFormElement): void {
  const button = form.querySelector<HTMLElement>("[data-lc=submit]");
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    sent = true;
    button?.setAttribute("aria-disabled", "true");
  });
  addEventListener("pageshow", () => {
    sent = false;
    button?.removeAttribute("aria-disabled");
  });
}
