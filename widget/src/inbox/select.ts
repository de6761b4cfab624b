// What is read off the state: the order of the queue, what calls for attention, the lines of a conversation.
import type { OperatorMessage, Summary } from "../protocol";
import type { Filter, Outgoing, State } from "./state";

/** How a line of one's own stands: on its way (late: for too long), or how far it has come. */
export type Progress = "waiting" | "late" | "failed" | "sent" | "delivered" | "seen";

export type Line =
  | { key: string; message: OperatorMessage; outgoing: null; progress: Progress }
  | { key: string; message: null; outgoing: Outgoing; progress: Progress };

/** Somebody waits for an answer that is this operator's, or anybody's, to give. */
export function waits(summary: Summary, me: string): boolean {
  if (summary.status === "waiting") return true;
  return summary.status === "active" && summary.operator?.id === me && summary.waiting_since !== null;
}

/** What the count in the tab's title and in the navigation counts. */
export function callsFor(summary: Summary, me: string): boolean {
  return summary.status !== "closed" && (waits(summary, me) || (summary.unread > 0 && (summary.operator?.id ?? me) === me));
}

/** Whether a conversation stands under that filter. */
export function stands(summary: Summary, filter: Filter): boolean {
  if (filter === "closed") return summary.status === "closed";
  if (summary.status === "closed") return false;
  return filter === "open" || summary.status === "unanswered";
}

/** The conversations under the chosen filter: who waits first, longest first; then the newest activity. */
export function queue(state: State): Summary[] {
  const me = state.me.id;
  const active = (summary: Summary) => summary.last?.at ?? summary.created_at;
  const since = (summary: Summary) => summary.waiting_since ?? active(summary);
  return Object.values(state.conversations)
    .filter((summary) => stands(summary, state.filter))
    .sort((a, b) => {
      const first = Number(waits(b, me)) - Number(waits(a, me));
      if (first) return first;
      const order = waits(a, me) ? compare(since(a), since(b)) : compare(active(b), active(a));
      return order || compare(a.id, b.id);
    });
}

/** How many conversations stand under each filter, of those known here. */
export function counts(state: State): Record<Filter, number> {
  const all = Object.values(state.conversations);
  const count = (filter: Filter) => all.filter((summary) => stands(summary, filter)).length;
  return { open: count("open"), unanswered: count("unanswered"), closed: count("closed") };
}

/** Whether conversations of more than one site are here, so that each should say which it is of. */
export function severalSites(state: State): boolean {
  const [first, ...others] = Object.values(state.conversations);
  return others.some(({ site }) => site.key !== first!.site.key);
}

/** How many conversations call for this operator. */
export const calling = (conversations: Iterable<Summary>, me: string): number =>
  [...conversations].filter((summary) => callsFor(summary, me)).length;

/**
 * The conversations that began to call between two states: a visitor who started to wait, or a new line in one of this
 * operator's own. Nothing at the first queue, which is no news.
 */
export function news(before: State, after: State): Summary[] {
  if (!before.ready || before.conversations === after.conversations) return [];
  return Object.values(after.conversations).filter((summary) => {
    const known = before.conversations[summary.id];
    if (known === summary || !callsFor(summary, after.me.id)) return false;
    const waitsNow = summary.status === "waiting" && known?.status !== "waiting";
    return waitsNow || (summary.unread > (known?.unread ?? 0) && summary.last?.author === "visitor");
  });
}

/** A conversation as it is read: what is stored, then what is on its way. */
export function lines(state: State, conversation: string): Line[] {
  const summary = state.conversations[conversation];
  const stored = (state.threads[conversation]?.messages ?? []).map(
    (message): Line => ({ key: keyOf(message), message, outgoing: null, progress: progress(message, summary) }),
  );
  const leaving = state.outbox
    .filter((outgoing) => outgoing.conversation === conversation)
    .map((outgoing): Line => ({ key: outgoing.clientId, message: null, outgoing, progress: outgoing.failed ? "failed" : outgoing.late ? "late" : "waiting" }));
  return [...stored, ...leaving];
}

// One's own line keeps its element when it is stored; a visitor's client id is theirs to choose, so it names nothing here.
const keyOf = ({ id, author, client_id }: OperatorMessage) => (author.kind === "operator" && client_id) || id;

function progress(message: OperatorMessage, summary: Summary | undefined): Progress {
  if (message.author.kind !== "operator" || message.seq === null || !summary) return "sent";
  if (message.seq <= summary.seen.visitor) return "seen";
  return message.seq <= summary.delivered.visitor ? "delivered" : "sent";
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
