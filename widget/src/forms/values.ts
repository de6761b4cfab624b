// Reading a form's fields, writing them, and saying what is wrong at them.
import { el } from "../dom";
import type { Words } from "../i18n/words";

export type Values = Record<string, string>;
type Control = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

const controls = (form: HTMLFormElement): Control[] =>
  [...form.elements].filter((element): element is Control => element.matches("input, textarea, select"));

/** Fields by name; `consent` as the list of purposes agreed to. */
export function readValues(form: HTMLFormElement): Record<string, string | string[]> {
  const values: Record<string, string | string[]> = { consent: [] };
  for (const [name, value] of new FormData(form)) {
    if (name === "consent") (values.consent as string[]).push(String(value));
    else values[name] = String(value);
  }
  return values;
}

/** Fills fields that are still empty; what a person typed is never written over. */
export function writeValues(form: HTMLFormElement, values: Values): void {
  for (const control of controls(form)) {
    const value = values[control.name];
    if (value && !control.value && !control.matches("[type=checkbox]")) control.value = value;
  }
}

/** What this browser can already tell is wrong; the service judges the rest. */
export function wrongFields(form: HTMLFormElement, t: Words): Record<string, string[]> {
  const errors: Record<string, string[]> = {};
  for (const control of controls(form)) {
    const { validity } = control;
    if (validity.valid && !(control.required && !control.value.trim())) continue;
    errors[errorKey(control)] = [
      validity.typeMismatch && control.type === "email" ? t("error_email")
      : validity.badInput ? t("error_number")
      : control.type === "checkbox" ? t("error_consent")
      : control.type === "select-one" ? t("error_choose")
      : validity.typeMismatch ? t("error_email")
      : t("error_required"),
    ];
  }
  return errors;
}

/** Several boxes share the name `consent`: an error of ours names the very one, one of the service's the first required. */
const errorKey = (control: Control) => (control.name === "consent" ? `consent:${control.value}` : control.name);

function sentencesFor(control: Control, errors: Record<string, string[]>, firstConsent: Control | undefined): string[] {
  const own = errors[errorKey(control)] ?? [];
  return control === firstConsent ? [...own, ...(errors.consent ?? [])] : own;
}

/** Shows each sentence at its field, and takes the person to the first. */
export function showErrors(form: HTMLFormElement, errors: Record<string, string[]>): void {
  const all = controls(form).filter(({ id }) => id);
  const boxes = all.filter(({ name }) => name === "consent");
  const firstConsent = boxes.find(({ required }) => required) ?? boxes[0];
  let first: Control | null = null;
  for (const control of all) {
    clearError(form, control);
    const sentences = sentencesFor(control, errors, firstConsent);
    if (!sentences.length) continue;
    const place = el("p", { class: "error", id: `${control.id}-error`, "data-lc": "error" }, sentences.join(" "));
    control.closest(".field")?.append(place);
    control.setAttribute("aria-invalid", "true");
    control.setAttribute("aria-describedby", describedBy(form, control.id));
    first ??= control;
  }
  first?.focus();
}

/** Takes the error away from a field that is being mended. */
export function clearError(form: HTMLFormElement, control: HTMLElement): void {
  byId(form, `${control.id}-error`)?.remove();
  control.removeAttribute("aria-invalid");
  const described = describedBy(form, control.id);
  if (described) control.setAttribute("aria-describedby", described);
  else control.removeAttribute("aria-describedby");
}

const byId = (form: HTMLFormElement, id: string) => form.querySelector(`[id="${id}"]`);

const describedBy = (form: HTMLFormElement, id: string) =>
  [`${id}-error`, `${id}-help`].filter((part) => byId(form, part)).join(" ");
