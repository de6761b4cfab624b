// Reading a form's fields, writing them, and saying what is wrong at them.
import { el } from "../dom";
import type { Field } from "../protocol";

export type Values = Record<string, string | string[]>;
export type Control = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

const allControls = (form: HTMLFormElement): Control[] =>
  [...form.elements].filter((element): element is Control => element.matches("input,textarea,select"));

/** The controls that count: what is not shown is disabled and does not. */
export const controls = (form: HTMLFormElement): Control[] => allControls(form).filter(({ disabled }) => !disabled);

/** What a choice belongs to: the group of its choices. Else the control itself. Errors stand there. */
export const wholeOf = (control: Control): HTMLElement => control.closest<HTMLElement>("fieldset") ?? control;

/** Fields by name, several values as a list; `consent` as the list of purposes agreed to. */
export function readValues(form: HTMLFormElement): Values {
  const values: Values = { consent: [] };
  for (const [name, value] of new FormData(form)) {
    const before = values[name];
    values[name] = before === undefined ? String(value) : [before, String(value)].flat();
  }
  return values;
}

/** Fills fields that are still empty; what a person typed is never written over, and no box is ever ticked. */
export function writeValues(form: HTMLFormElement, values: Values): void {
  for (const control of controls(form)) {
    const value = values[control.name];
    if (typeof value === "string" && !control.value && !control.matches("[type=checkbox],[type=radio],[type=hidden]")) control.value = value;
  }
}

/** Fills the hidden fields that take a parameter of the page's address. */
export function fillFromAddress(form: HTMLFormElement, fields: Field[], search: string): void {
  const given = new URLSearchParams(search);
  for (const { name, param } of fields) {
    const control = param && given.has(param) ? (form.elements.namedItem(name) as HTMLInputElement | null) : null;
    if (control) control.value = given.get(param!)!.slice(0, 500);
  }
}

/** Several boxes share the name `consent`: an error of ours names the very one, one of the service's the first required. */
export const errorKey = (control: Control): string => (control.name === "consent" ? `consent:${control.value}` : control.name);

function sentencesFor(control: Control, errors: Record<string, string[]>, firstConsent: Control | undefined): string[] {
  const own = errors[errorKey(control)] ?? [];
  return control === firstConsent ? [...own, ...(errors.consent ?? [])] : own;
}

/** Shows each sentence at its field, once for a group of choices, and takes the person to the first. */
export function showErrors(form: HTMLFormElement, errors: Record<string, string[]>): void {
  const all = controls(form).filter(({ id }) => id);
  const boxes = all.filter(({ name }) => name === "consent");
  const firstConsent = boxes.find(({ required }) => required) ?? boxes[0];
  let first: Control | null = null;
  for (const control of allControls(form)) if (control.id) clearError(form, control);
  for (const control of all) {
    const sentences = sentencesFor(control, errors, firstConsent);
    if (!sentences.length) continue;
    const whole = wholeOf(control);
    // Only what may be wrong as such is marked: a radio belongs to a group that is, a box is marked itself.
    (control.type === "radio" ? whole : control).setAttribute("aria-invalid", "true");
    first ??= control;
    if (byId(form, `${whole.id}-error`)) continue;
    control.closest(".field")?.append(el("p", { class: "error", id: `${whole.id}-error`, "data-lc": "error" }, sentences.join(" ")));
    describe(form, whole);
  }
  first?.focus();
}

/** Takes the error away from a field that is being mended. */
export function clearError(form: HTMLFormElement, control: Control): void {
  const whole = wholeOf(control);
  byId(form, `${whole.id}-error`)?.remove();
  for (const marked of [whole, ...whole.querySelectorAll("[aria-invalid]")]) marked.removeAttribute("aria-invalid");
  describe(form, whole);
}

const byId = (form: HTMLFormElement, id: string) => form.querySelector(`[id="${id}"]`);

function describe(form: HTMLFormElement, { id }: HTMLElement): void {
  const parts = [`${id}-error`, `${id}-help`, `${id}-unit`].filter((part) => byId(form, part));
  const whole = byId(form, id);
  if (parts.length) whole?.setAttribute("aria-describedby", parts.join(" "));
  else whole?.removeAttribute("aria-describedby");
}
