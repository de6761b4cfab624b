// The times until which a conversation is put aside with one press, in the operator's own time.
export interface Choice {
  words: "inbox.snooze_hour" | "inbox.snooze_hours" | "inbox.snooze_evening" | "inbox.snooze_tomorrow" | "inbox.snooze_monday";
  at: Date;
}

const MORNING = 9;
const EVENING = 18;

/** What is offered at that moment, soonest first. */
export function choices(now: Date): Choice[] {
  const day = (days: number, hour: number) => new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, hour);
  const hours = (count: number) => new Date(now.getTime() + count * 3_600_000);
  const toMonday = (8 - now.getDay()) % 7 || 7;
  const all: Choice[] = [
    { words: "inbox.snooze_hour", at: hours(1) },
    { words: "inbox.snooze_hours", at: hours(3) },
    { words: "inbox.snooze_evening", at: day(0, EVENING) },
    { words: "inbox.snooze_tomorrow", at: day(1, MORNING) },
    { words: "inbox.snooze_monday", at: day(toMonday, MORNING) },
  ];
  // This evening is offered while it is not nearly here, Monday when it is not tomorrow.
  return all
    .filter(({ words, at }) => (words !== "inbox.snooze_evening" || at > hours(1)) && (words !== "inbox.snooze_monday" || toMonday > 1))
    .sort((a, b) => a.at.getTime() - b.at.getTime());
}

/** A moment as an input of type datetime-local holds it. */
export const local = (at: Date): string => {
  const two = (number: number) => String(number).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
};
