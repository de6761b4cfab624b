// The few words that stand before a site's own have come, taken one by one so that the loader carries no others.
import { form_optional as optional_ar, form_privacy as privacy_ar, load_failed as failed_ar } from "../i18n/ar.json";
import { form_optional as optional, form_privacy as privacy, load_failed as failed } from "../i18n/en.json";

/** In the visitor's language, where there is one we speak; else in English. */
export const wordsFor = (lang: string): { optional: string; privacy: string; failed: string } =>
  lang.startsWith("ar")
    ? { optional: optional_ar, privacy: privacy_ar, failed: failed_ar }
    : { optional, privacy, failed };
