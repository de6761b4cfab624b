// What this browser can already tell is wrong, as sentences; the service judges the rest.
import { westernLocale, type Words } from "../i18n/words";
import { controls, errorKey, wholeOf, type Control } from "./values";

/** Sentences by field; empty when nothing is wrong. */
export function wrongFields(form: HTMLFormElement, lang: string, t: Words): Record<string, string[]> {
  const errors: Record<string, string[]> = {};
  for (const control of controls(form)) {
    const sentence = wrong(control, westernLocale(lang), t);
    if (sentence) errors[errorKey(control)] = [sentence];
  }
  return errors;
}

function wrong(control: Control, locale: string, t: Words): string {
  const whole = wholeOf(control);
  if (whole.dataset.required !== undefined) {
    if (whole.querySelector(":checked")) return "";
    return t(control.type === "checkbox" ? "error_checks" : whole.querySelector(".stars") ? "error_stars" : "error_choose");
  }
  const { validity, type } = control;
  if (validity.badInput) return t(type === "date" ? "error_date" : "error_number");
  if (control.required && !control.value.trim()) return t(type === "select-one" ? "error_choose" : "error_required");
  if (control.required && type === "checkbox" && !(control as HTMLInputElement).checked) return t("error_consent");
  if (validity.typeMismatch) return t("error_email");
  return control instanceof HTMLInputElement ? outOfRange(control, locale, t) : "";
}

function outOfRange(control: HTMLInputElement, locale: string, t: Words): string {
  const { validity, type, min, max } = control;
  const day = type === "date";
  const said = (value: string) => (day ? dayText(value, locale) : Number(value).toLocaleString(locale));
  if (validity.rangeUnderflow) return t(day ? "error_date_min" : "error_min", { min: said(min) });
  if (validity.rangeOverflow) return t(day ? "error_date_max" : "error_max", { max: said(max) });
  // A number that says nothing of steps may be any; the browser would take it for whole.
  if (!validity.stepMismatch || day || !control.hasAttribute("step")) return "";
  const step = Number(control.step);
  if (step === 1) return t("error_whole");
  const from = Number(min) || 0;
  const low = from + Math.floor((Number(control.value) - from) / step) * step;
  const rounded = (value: number) => Number(value.toFixed(6)).toLocaleString(locale, { maximumFractionDigits: 6 });
  return t("error_step", { step: rounded(step), low: rounded(low), high: rounded(low + step) });
}

/** A day like "2026-12-01" as the localeuage writes it; days have no time zone. */
const dayText = (day: string, locale: string): string =>
  new Date(`${day}T00:00:00Z`).toLocaleDateString(locale, { dateStyle: "long", timeZone: "UTC" });
