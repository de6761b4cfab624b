// The words of the panel. Their keys are those of en.json, checked by the compiler; their texts come with the
// site's configuration in the visitor's language.
import type en from "./en.json";

export type Key = keyof typeof en;
export type Words<K extends string = Key> = (key: K, values?: Record<string, string | number>) => string;

/** A lookup that fills `{name}` places; a text that is missing shows its key, which the locale tests never let happen. */
export function words<K extends string = Key>(strings: Record<string, string>): Words<K> {
  return (key, values = {}) =>
    (strings[key] ?? key).replace(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place));
}

/** Whether a language is written right to left. */
export const direction = (lang: string): "rtl" | "ltr" => (/^(ar|fa|he|ur)\b/.test(lang) ? "rtl" : "ltr");

/** The language as `Intl` is to write numbers and days in it: with the digits that our mails and pages have. */
export const westernLocale = (lang: string): string => `${lang}-u-nu-latn`;
