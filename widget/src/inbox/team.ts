// The colleagues, as pure decisions: who can be asked, who comes first, and what is said of each.
import type { OperatorHere } from "../protocol";
import type { InboxWords } from "./context";

/** Whether somebody can be asked: connected, not idle, and wants to be. */
export const isThere = ({ here, idle, available }: OperatorHere): boolean => here && available && !idle;

/** Who is there first, then by how little they have to do. */
export function byThere(people: OperatorHere[]): OperatorHere[] {
  return [...people].sort(
    (a, b) => Number(isThere(b)) - Number(isThere(a)) || a.load - b.load || a.name.localeCompare(b.name),
  );
}

/** Whether they are there, and how much they have to do, in words. */
export function standing(person: OperatorHere, say: InboxWords): string {
  const away = person.here && person.idle && person.available ? "inbox.standing_idle" : "inbox.standing_away";
  const where = say(isThere(person) ? "inbox.standing_here" : away);
  return person.load > 0 ? `${where} · ${say("inbox.standing_load", { count: person.load })}` : where;
}
