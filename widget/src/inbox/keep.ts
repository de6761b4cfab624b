// What this tab keeps over a reload: drafts and what was not acknowledged. It belongs to the operator who wrote it, so
// that the next one to sign in on the same computer neither reads nor sends it.
import { NO_DRAFT, type Draft, type Outgoing, type State } from "./state";

export type Kept = Pick<State, "outbox" | "drafts">;

const key = (operator: string) => `leadcapture.inbox.${operator}`;

/** What was kept for that operator; nothing where there was nothing or storage is forbidden. */
export function load(operator: string): Kept {
  try {
    const kept = JSON.parse(sessionStorage.getItem(key(operator)) ?? "{}") as Partial<Kept>;
    const drafts = Object.entries(kept.drafts ?? {}).map(([id, draft]) => [id, { ...NO_DRAFT, ...draft }]);
    return { outbox: kept.outbox ?? [], drafts: Object.fromEntries(drafts) as Record<string, Draft> };
  } catch {
    return { outbox: [], drafts: {} };
  }
}

/** Keep what is unsent and unfinished. */
export function save(operator: string, outbox: Outgoing[], drafts: Record<string, Draft>): void {
  const written = Object.entries(drafts).filter(([, draft]) => draft.reply || draft.note || draft.email || draft.editing);
  try {
    sessionStorage.setItem(key(operator), JSON.stringify({ outbox, drafts: Object.fromEntries(written) }));
  } catch {
    // Full or forbidden: the page itself still has it.
  }
}

/** A choice that this browser remembers, such as whether a sound is made. */
export const remembered = {
  get(name: string): string | null {
    try {
      return localStorage.getItem(`leadcapture.${name}`);
    } catch {
      return null;
    }
  },
  set(name: string, value: string): void {
    try {
      localStorage.setItem(`leadcapture.${name}`, value);
    } catch {
      // Forbidden: the choice holds for this page.
    }
  },
};
