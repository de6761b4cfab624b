// How long somebody has waited, as a running clock; and times in a list, as short as they can be.
import { clockTime, isSameDay } from "../chat/when";

/** Seconds as 0:07, 12:30 or 1:02:05; from a day on, in days. */
export function waited(seconds: number, lang: string): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole >= 86_400) {
    const days = { style: "unit", unit: "day", unitDisplay: "short" } as const;
    return new Intl.NumberFormat(lang, days).format(Math.floor(whole / 86_400));
  }
  const two = (value: number) => String(value).padStart(2, "0");
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

// To make one costs far more than to use it, and a list shows many.
const days: Record<string, Intl.DateTimeFormat> = {};

/** The time of day for today, else the day. */
export function short(at: string, lang: string, now = Date.now()): string {
  if (isSameDay(at, now)) return clockTime(at, lang);
  return (days[lang] ??= new Intl.DateTimeFormat(lang, { day: "numeric", month: "short" })).format(new Date(at));
}

const wholes: Record<string, Intl.DateTimeFormat> = {};

/** Day and time in full. */
export const full = (at: string, lang: string): string =>
  (wholes[lang] ??= new Intl.DateTimeFormat(lang, { dateStyle: "medium", timeStyle: "short" })).format(new Date(at));
