// The rows that the loader cannot paint: choices, stars, days, sliders, numbers with a unit.
import { el, icon } from "../dom";
import { westernLocale } from "../i18n/words";
import { STAR } from "../icons";
import type { Field } from "../protocol";
import { labelled, type FormWords } from "./markup";

/** The row of a field that is beyond the basic ones; null for one that is not. */
export function richRow(field: Field, id: string, words: FormWords): HTMLElement | null {
  switch (field.type) {
    case "radio":
    case "checks":
      return group(field, id, words, choices(field, id));
    case "select":
      return labelledRow(field, id, words, list(field, id));
    case "stars":
      return group(field, id, words, [el("div", { class: "stars" }, ...stars(field, id))]);
    case "range":
      return labelledRow(field, id, words, slider(field, id));
    case "date":
      return labelledRow(field, id, words, input(field, id));
    case "number":
      return labelledRow(field, id, words, field.unit ? withUnit(field, id) : input(field, id));
    default:
      return null;
  }
}

function group({ name, type, label, help, required, unmarked }: Field, id: string, words: FormWords, inside: Node[]): HTMLElement {
  return el(
    "fieldset",
    {
      id, class: "field", "data-field": name, "data-required": required, role: type === "checks" ? null : "radiogroup",
      "aria-required": required && type !== "checks" ? "true" : null, "aria-describedby": help && `${id}-help`,
    },
    el("legend", {}, ...labelled(label, required || unmarked, words)),
    help && el("p", { class: "help", id: `${id}-help` }, help),
    ...inside,
  );
}

function choices({ name, type, options, value }: Field, id: string): Node[] {
  const chosen = new Set([value ?? []].flat());
  return (options ?? []).map((one, index) =>
    el("label", { class: "check" },
      el("input", { type: type === "checks" ? "checkbox" : "radio", id: `${id}-${index}`, name, value: one.value, checked: chosen.has(one.value) }),
      el("span", {}, one.label)),
  );
}

/** Radios under drawn stars: arrows and screen readers work as with any radio. One star comes first. */
function stars({ name, options, value }: Field, id: string): Node[] {
  const ascending = [...(options ?? [])].sort((a, b) => Number(a.value) - Number(b.value));
  return ascending.map((one) =>
    el("label", {},
      el("input", { type: "radio", id: `${id}-${one.value}`, name, value: one.value, checked: value === one.value }),
      icon(STAR),
      el("span", { class: "away" }, one.label)),
  );
}

function labelledRow({ label, help, required, unmarked, type }: Field, id: string, words: FormWords, control: Node): HTMLElement {
  // A slider always has a value, so that there is nothing optional about it.
  const text = labelled(label, required || unmarked || type === "range", words);
  return el("div", { class: "field" }, el("label", { for: id }, ...text), help && el("p", { class: "help", id: `${id}-help` }, help), control);
}

const shared = ({ name, required, help, min, max, step, autocomplete }: Field, id: string) => ({
  id, name, required, min, max, step, autocomplete, "aria-describedby": help && `${id}-help`,
});

function input(field: Field, id: string): HTMLInputElement {
  const { type, value, inputmode } = field;
  const step = field.step ?? (type === "number" ? "any" : null);
  return el("input", { ...shared(field, id), type, step, class: "input", inputmode, value: value as string | null });
}

function list(field: Field, id: string): HTMLSelectElement {
  const { options, value } = field;
  const choice = (one: { value: string; label: string }) => el("option", { value: one.value, selected: one.value === value }, one.label);
  return el("select", { ...shared(field, id), class: "input" }, el("option", { value: "" }), ...(options ?? []).map(choice));
}

function withUnit(field: Field, id: string): HTMLElement {
  const described = [field.help && `${id}-help`, `${id}-unit`].filter(Boolean).join(" ");
  const control = input(field, id);
  control.setAttribute("aria-describedby", described);
  return el("div", { class: "with-unit" }, control, el("span", { class: "unit", id: `${id}-unit` }, field.unit));
}

function slider(field: Field, id: string): HTMLElement {
  const control = el("input", { ...shared(field, id), type: "range", class: "slider", value: (field.value as string | null) ?? field.min ?? "0" });
  return el("div", { class: "range" }, control, el("output", { for: id, "data-unit": field.unit ?? "" }));
}

/** Writes a slider's value beside it, as the language writes numbers. */
export function sayValue(control: HTMLInputElement, lang: string): void {
  const output = control.parentElement?.querySelector("output");
  if (!output) return;
  const unit = output.dataset.unit;
  const said = `${Number(control.value).toLocaleString(westernLocale(lang))}${unit ? ` ${unit}` : ""}`;
  output.textContent = said;
  control.setAttribute("aria-valuetext", said);
}
