// What is remembered of forms that showed themselves, in localStorage: a form only once the person closed, opened or
// sent it, and the visits only on sites that ask for them.
import { memoryKey } from "../loader/bridge";
import type { Met } from "./state";

/** Minutes of absence after which coming back is another visit. */
const ABSENCE_MS = 30 * 60_000;

interface Kept {
  met: Record<string, Met>;
  visits?: { number: number; at: number };
}

export interface Memory {
  met(): Record<string, Met>;
  /** The person closed, opened or sent the form; opening and then closing it is one time. */
  meet(slug: string, now: number, again: boolean, sent?: boolean): void;
  /** Counts this page and says which visit it belongs to, the first being 1. */
  visit(now: number): number;
  /** Calls back when another tab wrote; returns a function that ends this. */
  onOtherTab(listener: () => void): () => void;
}

export function memoryOf(site: string): Memory {
  const key = `${memoryKey(site)}:forms`;
  let forThisPage: string | null = null;

  const read = (): Kept => {
    try {
      return { met: {}, ...(JSON.parse(forThisPage ?? localStorage.getItem(key) ?? "{}") as Partial<Kept>) };
    } catch {
      return { met: {} };
    }
  };
  const write = (change: Partial<Kept>): void => {
    const text = JSON.stringify({ ...read(), ...change });
    try {
      localStorage.setItem(key, text);
    } catch {
      forThisPage = text;
    }
  };

  return {
    met: () => read().met,
    meet(slug, at, again, sent) {
      const { met } = read();
      const before = met[slug];
      const times = (before?.times ?? 0) + (again ? 0 : 1);
      write({ met: { ...met, [slug]: { times, at, ...(sent || before?.sent ? { sent: true } : {}) } } });
    },
    visit(now) {
      const { visits } = read();
      const number = !visits ? 1 : visits.number + (now - visits.at > ABSENCE_MS ? 1 : 0);
      write({ visits: { number, at: now } });
      return number;
    },
    onOtherTab(listener) {
      const heard = (event: StorageEvent) => event.key === key && listener();
      addEventListener("storage", heard);
      return () => removeEventListener("storage", heard);
    },
  };
}
