// Times as people read them.
import { westernLocale } from "../i18n/words";

const DAY_MS = 86_400_000;

// To make one costs far more than to use it, and every message of a conversation shows its time.
const clocks: Record<string, Intl.DateTimeFormat> = {};

export const clockTime = (at: number | string, lang: string): string =>
  (clocks[lang] ??= new Intl.DateTimeFormat(lang, { hour: "numeric", minute: "2-digit" })).format(new Date(at));

const startOfDay = (at: Date): number => new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime();

export const isSameDay = (a: number | string, b: number | string): boolean =>
  startOfDay(new Date(a)) === startOfDay(new Date(b));

/** "Today", "Yesterday", or the date; the words are given. */
export function dayName(at: number | string, lang: string, words: { today: string; yesterday: string }, now = Date.now()): string {
  const days = Math.round((startOfDay(new Date(now)) - startOfDay(new Date(at))) / DAY_MS);
  if (days === 0) return words.today;
  if (days === 1) return words.yesterday;
  const year = new Date(at).getFullYear() === new Date(now).getFullYear() ? undefined : "numeric";
  return new Intl.DateTimeFormat(lang, { weekday: "long", day: "numeric", month: "long", year }).format(new Date(at));
}

export type Back = { key: "back_today" | "back_tomorrow" | "back_day"; values: { day: string; time: string } };

/** When the site opens again, in the visitor's own zone: the key of the sentence and what stands in it. */
export function backAt(at: string, lang: string, now = Date.now()): Back {
  const then = new Date(at);
  const days = Math.round((startOfDay(then) - startOfDay(new Date(now))) / DAY_MS);
  // A weekday alone says which day is meant for less than a week.
  const date = days < 7 ? {} : ({ day: "numeric", month: "long" } as const);
  const day = new Intl.DateTimeFormat(westernLocale(lang), { weekday: "long", ...date }).format(then);
  const time = clockTime(at, westernLocale(lang));
  return { key: days <= 0 ? "back_today" : days === 1 ? "back_tomorrow" : "back_day", values: { day, time } };
}
