// Whether this browser should make itself heard now, as pure decisions.
import type { Summary } from "../protocol";

/** Between two sounds while somebody waits. */
export const REPEAT_MS = 15_000;

/** `first`: somebody began to call. `again`: they still wait. `loud`: they have waited long, and everybody is told. */
export type Ring = "first" | "again" | "loud";

interface Me {
  id: string;
  available: boolean;
}

/** Whether a waiting visitor is this operator's concern: nobody has them, or they have. */
export const concerns = ({ operator }: Summary, me: string): boolean => !operator || operator.id === me;

/**
 * Whether a conversation goes on ringing here: its visitor waits and nobody has taken it. Who is away is left in peace
 * until everybody is told.
 */
export function rings({ status, waiting_since, snoozed_until, escalation, held }: Summary, me: Me, now = Date.now()): boolean {
  if (status !== "waiting" || !waiting_since || held) return false;
  if (snoozed_until && Date.parse(snoozed_until) > now) return false;
  return me.available || escalation > 0;
}

/** Whether what has just begun to call is to be heard by this operator at once. */
export const heard = (summary: Summary, me: Me): boolean => me.available || summary.escalation > 0 || summary.operator?.id === me.id;

/**
 * Whether a sound may be made now, if the last ones of this browser, in whatever tab, were then (0: never). A loud one
 * waits for no other; a reminder comes only when all has been quiet for a while.
 */
export function due(ring: Ring, last: Record<Ring, number>, now: number): boolean {
  if (ring === "again") return now - Math.max(...Object.values(last)) >= REPEAT_MS * 0.8;
  return now - last[ring] >= 1_500;
}
