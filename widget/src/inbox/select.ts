// What is read off the state: the order of the queue, what calls for attention, the lines of a conversation.
import type { OperatorMessage, Summary } from "../protocol";
import { stands } from "./filters";
import { pageOf } from "./listing";
import type { Outgoing, State } from "./state";

/** How a line of one's own stands: on its way (late: for too long), or how far it has come. */
export type Progress = "waiting" | "late" | "failed" | "sent" | "delivered" | "seen";

export type Line =
  | { key: string; message: OperatorMessage; outgoing: null; progress: Progress }
  | { key: string; message: null; outgoing: Outgoing; progress: Progress };

/** Somebody waits for an answer that is this operator's, or anybody's, to give. */
export function waits(summary: Summary, me: string): boolean {
  if (summary.held) return false;
  if (summary.status === "waiting") return true;
  return summary.status === "active" && summary.operator?.id === me && summary.waiting_since !== null;
}

/** What the count in the tab's title and in the navigation counts. */
export function callsFor(summary: Summary, me: string): boolean {
  if (summary.status === "closed" || summary.snoozed_until || summary.held) return false;
  return waits(summary, me) || (summary.unread > 0 && (summary.operator?.id ?? me) === me);
}

const memory: { inputs: unknown[]; rows: Summary[] } = { inputs: [], rows: [] };

/**
 * The conversations of the list that is shown: who waits first, longest first; then the newest activity. The same array
 * again while nothing in it changed.
 */
export function queue(state: State): Summary[] {
  const { conversations, lists, me } = state;
  const { down } = pageOf(state);
  const inputs = [conversations, lists.filter, lists.mentioned, down, me.id];
  if (inputs.every((input, index) => input === memory.inputs[index])) return memory.rows;
  const shown = (summary: Summary) =>
    stands(summary, lists.filter, me.id, lists.mentioned) && (down === null || summary.active_at >= down || waits(summary, me.id));
  // Begun with the order that was: to sort what is nearly sorted takes one walk, however long the list is.
  const before = new Map(memory.rows.map(({ id }) => [id, conversations[id]]));
  const all = [...before.values(), ...Object.values(conversations).filter(({ id }) => !before.has(id))];
  const rows = all.filter((summary) => summary !== undefined && shown(summary)) as Summary[];
  rows.sort((a, b) => byCall(a, b, me.id));
  const same = rows.length === memory.rows.length && rows.every((summary, index) => summary === memory.rows[index]);
  memory.inputs = inputs;
  if (!same) memory.rows = rows;
  return memory.rows;
}

function byCall(a: Summary, b: Summary, me: string): number {
  const first = waits(a, me);
  if (first !== waits(b, me)) return first ? -1 : 1;
  const order = first ? compare(a.waiting_since ?? a.active_at, b.waiting_since ?? b.active_at) : compare(b.active_at, a.active_at);
  return order || compare(a.id, b.id);
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
 * The conversations that began to call between two states: a visitor who started to wait, a new line in one of this
 * operator's own, one that was handed over. Nothing at the first queue, which is no news.
 */
export function news(before: State, after: State): Summary[] {
  if (!before.ready || before.conversations === after.conversations) return [];
  return Object.values(after.conversations).filter((summary) => {
    const known = before.conversations[summary.id];
    if (known === summary) return false;
    // What was put aside until now comes back to whoever did that.
    if (known?.snoozed_until && !summary.snoozed_until && Date.parse(known.snoozed_until) <= Date.now()) {
      return summary.status !== "closed" && summary.operator?.id === after.me.id;
    }
    if (known && handedOver(known, summary, after.me.id)) return true;
    if (!callsFor(summary, after.me.id)) return false;
    const waitsNow = summary.status === "waiting" && known?.status !== "waiting";
    return waitsNow || (summary.unread > (known?.unread ?? 0) && summary.last?.author === "visitor");
  });
}

const handedOver = (known: Summary, summary: Summary, me: string): boolean =>
  summary.status === "active" && summary.operator?.id === me && known.operator?.id !== me;

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
