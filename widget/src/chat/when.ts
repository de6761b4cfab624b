// Times as people read them.

const DAY_MS = 86_400_000;

export const clockTime = (at: number | string, lang: string): string =>
  new Intl.DateTimeFormat(lang, { hour: "numeric", minute: "2-digit" }).format(new Date(at));

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
