// What the inbox knows, as pure decisions: every event gives the next state, and a state that did not change is the
// very same object. A conversation's messages stand in the order of their numbers whatever order they came in, once
// each whatever number of times they came; what was written here stays in the outbox until the service has stored it.
import type { Iso, OperatorHere, OperatorMessage, Presence, Queue, Summary, WireError } from "../protocol";

export type Link = "connecting" | "up" | "down" | "refused";
export type Filter = "open" | "unanswered" | "closed";
export type Listing = "open" | "closed";
export type Mode = "reply" | "note";

export interface Me {
  id: string;
  name: string;
  available: boolean;
}

/** Something written here that the service has not acknowledged. `failed` is the code it was refused with. */
export interface Outgoing {
  clientId: string;
  conversation: string;
  kind: Mode;
  body: string;
  at: Iso;
  failed: string | null;
}

/** `next` is the last number up to which nothing is missing. */
export interface Thread {
  messages: OperatorMessage[];
  next: number;
  loaded: boolean;
}

export interface Draft {
  mode: Mode;
  reply: string;
  note: string;
}

export interface Page {
  more: boolean;
  cursor: string | null;
  loading: boolean;
  asked: boolean;
}

export interface Notice {
  conversation: string | null;
  code: string;
  name: string;
}

export interface State {
  link: Link;
  /** Whether the queue has been heard once: before that, an empty one means nothing. */
  ready: boolean;
  me: Me;
  operators: OperatorHere[];
  available: boolean;
  conversations: Record<string, Summary>;
  pages: Record<Listing, Page>;
  threads: Record<string, Thread>;
  outbox: Outgoing[];
  drafts: Record<string, Draft>;
  opened: string | null;
  /** The opened conversation is not there, or not ours to see. */
  missing: boolean;
  filter: Filter;
  typing: Record<string, { name: string; text: string; until: number }>;
  notice: Notice | null;
}

export type Event =
  | { type: "link"; link: Link }
  | { type: "queue"; queue: Queue }
  | { type: "presence"; presence: Presence }
  | { type: "conversation"; summary: Summary }
  | { type: "message"; message: OperatorMessage }
  | { type: "typing"; conversation: string; name: string; text: string; until: number }
  | { type: "typingOver"; now: number }
  | { type: "synced"; conversation: string; messages: OperatorMessage[]; next: number; summary: Summary }
  | { type: "missing"; conversation: string }
  | { type: "listing"; listing: Listing }
  | { type: "listed"; listing: Listing; conversations: Summary[]; more: boolean; cursor: string | null }
  | { type: "open"; conversation: string | null }
  | { type: "filter"; filter: Filter }
  | { type: "mode"; conversation: string; mode: Mode }
  | { type: "draft"; conversation: string; text: string }
  | { type: "send"; conversation: string; clientId: string; at: Iso }
  | { type: "acked"; clientId: string; id: string; seq: number | null; at: Iso }
  | { type: "refused"; clientId: string; code: string }
  | { type: "retry"; clientId: string }
  | { type: "discard"; clientId: string }
  | { type: "seen"; conversation: string; seq: number }
  | { type: "notice"; conversation: string | null; error: Pick<WireError, "code" | "by"> }
  | { type: "dismiss" };

const NOTHING: Page = { more: false, cursor: null, loading: false, asked: false };
const EMPTY: Thread = { messages: [], next: 0, loaded: false };
export const NO_DRAFT: Draft = { mode: "reply", reply: "", note: "" };

/** The state a page starts with, together with what an earlier page of this tab left unsent. */
export function initial(me: Me, opened: string | null, kept: Partial<Pick<State, "outbox" | "drafts">> = {}): State {
  return {
    link: "connecting",
    ready: false,
    me,
    operators: [],
    available: false,
    conversations: {},
    pages: { open: NOTHING, closed: NOTHING },
    threads: {},
    outbox: kept.outbox ?? [],
    drafts: kept.drafts ?? {},
    opened,
    missing: false,
    filter: "open",
    typing: {},
    notice: null,
  };
}

/** The state after an event. */
export function reduce(state: State, event: Event): State {
  switch (event.type) {
    case "link":
      return event.link === state.link ? state : { ...state, link: event.link };
    case "queue":
      return withQueue(state, event.queue);
    case "presence": {
      const { operators, available, me } = event.presence;
      return { ...state, operators, available, me: { id: me.id, name: me.name, available: me.available } };
    }
    case "conversation":
      return withSummaries(state, [event.summary]);
    case "message":
      return withMessage(state, event.message);
    case "typing": {
      const { name, text, until } = event;
      return { ...state, typing: { ...state.typing, [event.conversation]: { name, text, until } } };
    }
    case "typingOver": {
      const still = Object.entries(state.typing).filter(([, { until }]) => until > event.now);
      return still.length === Object.keys(state.typing).length ? state : { ...state, typing: Object.fromEntries(still) };
    }
    case "synced":
      return withSync(state, event);
    case "missing":
      return event.conversation === state.opened ? { ...state, missing: true } : state;
    case "listing":
      return withPage(state, event.listing, { ...state.pages[event.listing], loading: true, asked: true });
    case "listed": {
      const { listing, more, cursor } = event;
      return withPage(withSummaries(state, event.conversations), listing, { more, cursor, loading: false, asked: true });
    }
    case "open":
      return { ...state, opened: event.conversation, missing: false, notice: null };
    case "filter":
      return { ...state, filter: event.filter };
    case "mode":
      return withDraft(state, event.conversation, { mode: event.mode });
    case "draft": {
      const { mode } = draftOf(state, event.conversation);
      return withDraft(state, event.conversation, { [mode]: event.text });
    }
    case "send":
      return withSending(state, event.conversation, event.clientId, event.at);
    case "acked":
      return withAck(state, event);
    case "refused":
      return withOutgoing(state, event.clientId, { failed: event.code });
    case "retry":
      return withOutgoing(state, event.clientId, { failed: null });
    case "discard":
      return withDiscarded(state, event.clientId);
    case "seen":
      return withSeen(state, event.conversation, event.seq);
    case "notice":
      return { ...state, notice: { conversation: event.conversation, code: event.error.code, name: event.error.by?.name ?? "" } };
    case "dismiss":
      return state.notice ? { ...state, notice: null } : state;
  }
}

/** What is being written in a conversation. */
export const draftOf = (state: State, conversation: string): Draft => state.drafts[conversation] ?? NO_DRAFT;

/** Whether messages of a loaded conversation are known to exist that are not here. */
export function behind(state: State, conversation: string): boolean {
  const thread = state.threads[conversation];
  if (!thread?.loaded) return false;
  const known = state.conversations[conversation]?.last_seq ?? 0;
  return known > thread.next || thread.messages.some(({ seq }) => seq !== null && seq > thread.next);
}

function withQueue(state: State, queue: Queue): State {
  // The queue is the truth about what is open: what it does not name was closed meanwhile, or stands on a later page.
  const named = new Set(queue.conversations.map(({ id }) => id));
  const kept = Object.entries(state.conversations).filter(
    ([id, { status }]) => named.has(id) || status === "closed" || id === state.opened,
  );
  const pages = { ...state.pages, open: { ...NOTHING, more: queue.more, cursor: queue.cursor ?? null } };
  return withSummaries({ ...state, ready: true, pages, conversations: Object.fromEntries(kept) }, queue.conversations);
}

function withSummaries(state: State, summaries: Summary[]): State {
  if (summaries.length === 0) return state;
  const conversations = { ...state.conversations };
  for (const summary of summaries) conversations[summary.id] = newer(conversations[summary.id], summary);
  return { ...state, conversations };
}

// Two events can overtake each other on their way: what has been seen or delivered never becomes less, and a summary
// that knows fewer messages than we do was read before them.
function newer(known: Summary | undefined, said: Summary): Summary {
  if (!known) return said;
  const base = said.last_seq < known.last_seq ? known : said;
  const most = (pick: "seen" | "delivered") => ({
    visitor: Math.max(known[pick].visitor, said[pick].visitor),
    operator: Math.max(known[pick].operator, said[pick].operator),
  });
  const seen = most("seen");
  return { ...base, seen, delivered: most("delivered"), unread: seen.operator >= base.last_seq ? 0 : base.unread };
}

function withMessage(state: State, message: OperatorMessage): State {
  const thread = state.threads[message.conversation];
  let next = withoutStored(state, [message]);
  // A conversation nobody has looked at is fetched when it is; until then its summary is enough.
  if (thread) next = withThread(next, message.conversation, merged(thread, [message], thread.next));
  const summary = next.conversations[message.conversation];
  if (message.author.kind === "visitor" && next.typing[message.conversation]) {
    const { [message.conversation]: _over, ...typing } = next.typing;
    next = { ...next, typing };
  }
  if (!summary || message.seq === null || message.seq <= summary.last_seq) return next;
  const counted = message.author.kind === "visitor" && message.seq > summary.seen.operator;
  return withSummaries(next, [
    {
      ...summary,
      last: { body: message.body.slice(0, 140), at: message.at, author: message.author.kind },
      last_seq: message.seq,
      unread: summary.unread + (counted ? 1 : 0),
    },
  ]);
}

function withSync(state: State, { conversation, messages, next, summary }: Extract<Event, { type: "synced" }>): State {
  const thread = state.threads[conversation] ?? EMPTY;
  const whole = { ...merged(thread, messages, Math.max(thread.next, next)), loaded: true };
  return withSummaries(withThread(withoutStored(state, messages), conversation, whole), [summary]);
}

function withThread(state: State, conversation: string, thread: Thread): State {
  return state.threads[conversation] === thread ? state : { ...state, threads: { ...state.threads, [conversation]: thread } };
}

function merged(thread: Thread, arrived: OperatorMessage[], next: number): Thread {
  const byId = new Map(thread.messages.map((message) => [message.id, message]));
  for (const message of arrived) byId.set(message.id, message);
  const messages = [...byId.values()].sort(inOrder);
  let contiguous = next;
  for (const { seq } of messages) if (seq === contiguous + 1) contiguous = seq;
  return { ...thread, messages, next: contiguous };
}

// A note has no number: it stands right after the message it was written after.
const place = ({ seq, after_seq }: OperatorMessage) => (seq === null ? after_seq + 0.5 : seq);
const inOrder = (a: OperatorMessage, b: OperatorMessage) =>
  place(a) - place(b) || (a.at < b.at ? -1 : a.at > b.at ? 1 : a.id < b.id ? -1 : 1);

function withPage(state: State, listing: Listing, page: Page): State {
  return { ...state, pages: { ...state.pages, [listing]: page } };
}

function withDraft(state: State, conversation: string, change: Partial<Draft>): State {
  return { ...state, drafts: { ...state.drafts, [conversation]: { ...draftOf(state, conversation), ...change } } };
}

function withSending(state: State, conversation: string, clientId: string, at: Iso): State {
  const draft = draftOf(state, conversation);
  const body = draft[draft.mode].trim();
  if (!body || state.outbox.some((one) => one.clientId === clientId)) return state;
  const outgoing: Outgoing = { clientId, conversation, kind: draft.mode, body, at, failed: null };
  // The mode stays: who writes two notes in a row must not have the second one go to the visitor.
  return { ...withDraft(state, conversation, { [draft.mode]: "" }), outbox: [...state.outbox, outgoing] };
}

function withAck(state: State, { clientId, id, seq, at }: Extract<Event, { type: "acked" }>): State {
  const sent = state.outbox.find((one) => one.clientId === clientId);
  if (!sent) return state;
  const after_seq = seq === null ? (state.threads[sent.conversation]?.next ?? 0) : seq - 1;
  const message: OperatorMessage = {
    id, seq, at, after_seq,
    client_id: clientId,
    conversation: sent.conversation,
    author: { kind: "operator", name: state.me.name },
    body: sent.body,
    kind: sent.kind,
  };
  return withMessage(state, message);
}

// Whatever way we learn that something of ours is stored (its acknowledgement, or finding it in the thread after the
// connection broke), it leaves the outbox in the same step: it never stands on the screen twice.
function withoutStored(state: State, messages: OperatorMessage[]): State {
  if (state.outbox.length === 0) return state;
  const stored = new Set(messages.filter(({ author }) => author.kind === "operator").map(({ client_id }) => client_id));
  const outbox = state.outbox.filter(({ clientId }) => !stored.has(clientId));
  return outbox.length === state.outbox.length ? state : { ...state, outbox };
}

function withOutgoing(state: State, clientId: string, change: Partial<Outgoing>): State {
  return { ...state, outbox: state.outbox.map((one) => (one.clientId === clientId ? { ...one, ...change } : one)) };
}

function withDiscarded(state: State, clientId: string): State {
  const one = state.outbox.find((outgoing) => outgoing.clientId === clientId);
  if (!one) return state;
  const draft = draftOf(state, one.conversation);
  const text = draft[one.kind] ? `${one.body}\n${draft[one.kind]}` : one.body;
  const outbox = state.outbox.filter((outgoing) => outgoing !== one);
  return withDraft({ ...state, outbox }, one.conversation, { mode: one.kind, [one.kind]: text });
}

function withSeen(state: State, conversation: string, seq: number): State {
  const summary = state.conversations[conversation];
  if (!summary || summary.seen.operator >= seq) return state;
  const seen = { ...summary.seen, operator: seq };
  const unread = seq >= summary.last_seq ? 0 : summary.unread;
  return { ...state, conversations: { ...state.conversations, [conversation]: { ...summary, seen, unread } } };
}
