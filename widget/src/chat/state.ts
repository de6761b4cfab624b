// The visitor's chat as pure decisions: every event from the person, the service or another tab goes through `reduce`.
import { MESSAGE_LIMIT } from "../protocol";
import type { Availability, ChatFile, Conversation, ConversationStatus, Message, Stored, Welcome, WireError } from "../protocol";
import { emptyLog, hasGap, receive, replace, type Log } from "./log";

/** connecting: first try · online: socket · polling: plain HTTP · down: trying again · refused: not on this page ·
    blocked: not by this visitor */
export type LinkState = "connecting" | "online" | "polling" | "down" | "refused" | "blocked";

/** What somebody wants to say: text, or a file that was uploaded, or both. */
export interface Draft {
  client_id: string;
  body: string;
  /** Milliseconds since 1970, by this browser's clock. */
  at: number;
  file?: ChatFile;
}

/** A message of this visitor that is not in the log yet. */
export interface Pending extends Draft {
  state: "waiting" | "stored" | "failed";
  /** Waits longer than anybody expects: said to be not sent, and still tried. */
  late?: boolean;
  error?: string;
  /** The service's own sentence about it: it says when to come back. */
  said?: string;
  /** Once stored: its place in the conversation, behind a gap that is being filled. */
  seq?: number;
}

export interface ChatState extends Availability {
  link: LinkState;
  /** Whether the service has told what there is; before that nothing is known to be empty. */
  welcomed: boolean;
  conversation: string | null;
  status: ConversationStatus | null;
  operator: { name: string } | null;
  /** Who else of the team is in it. */
  joined: readonly string[];
  /** In the queue, while the visitor waits. */
  place: number | null;
  /** Who came while this page was open, and after which message. */
  arrivals: readonly Arrival[];
  log: Log<Message>;
  /** Up to here every edit and deletion is known; `revGap`: a later one came early. */
  rev: number;
  revGap: boolean;
  pending: readonly Pending[];
  /** Up to which seq the other side got our messages, and saw them. */
  delivered: number;
  seenByOperator: number;
  /** Up to which seq this visitor has looked. */
  seen: number;
  typing: { name: string; until: number } | null;
}

export interface Arrival {
  name: string;
  /** In the place of another operator. */
  over: boolean;
  afterSeq: number;
  at: number;
}

export type ChatEvent =
  | { type: "link"; link: LinkState }
  | { type: "welcome"; welcome: Welcome }
  | { type: "message"; message: Message; now: number }
  | { type: "synced"; messages: Message[]; changed?: Message[]; rev?: number }
  | { type: "changed"; message: Message }
  | { type: "restart"; conversation: string | null }
  | ({ type: "compose" } & Draft)
  | { type: "stored"; client_id: string; stored: Stored }
  | { type: "refused"; client_id: string; error: WireError }
  | { type: "late"; client_id: string }
  | { type: "retry"; client_id: string; at: number }
  | { type: "outbox"; waiting: Draft[] }
  | { type: "conversation"; conversation: Conversation; now: number }
  | { type: "available"; availability: Availability }
  | { type: "typing"; name: string; now: number }
  | { type: "quiet"; now: number }
  | { type: "theirs"; delivered?: number; seen?: number }
  | { type: "looked"; seq: number };

const TYPING_MS = 6_000;

export const initialChat = (availability: Availability): ChatState => ({
  ...availability,
  link: "connecting",
  welcomed: false,
  conversation: null,
  status: null,
  operator: null,
  joined: [],
  place: null,
  arrivals: [],
  log: emptyLog(),
  rev: 0,
  revGap: false,
  pending: [],
  delivered: 0,
  seenByOperator: 0,
  seen: 0,
  typing: null,
});

export function reduce(state: ChatState, event: ChatEvent): ChatState {
  switch (event.type) {
    case "link":
      return state.link === event.link ? state : { ...state, link: event.link, typing: null };
    case "welcome": {
      const { available, reply_time, back_at, conversation, messages, place, changed, rev } = event.welcome;
      const known = { ...follow(state, conversation), available, reply_time, back_at, place: place ?? null, welcomed: true };
      return rewrite(take(known, messages), changed, rev);
    }
    case "restart":
      return restarted(state, event.conversation);
    case "synced":
      return rewrite(
        take(follow(state, event.messages[0]?.conversation ?? state.conversation), event.messages), event.changed, event.rev,
      );
    case "changed": {
      const { message } = event;
      if (message.conversation !== state.conversation) return state;
      const rev = message.rev ?? 0;
      const next = rev === state.rev + 1;
      return { ...rewrite(state, [message], next ? rev : state.rev), revGap: state.revGap || rev > state.rev + 1 };
    }
    case "message": {
      const taken = take(follow(state, event.message.conversation), [event.message]);
      return event.message.author.kind === "operator" ? { ...taken, typing: null } : taken;
    }
    case "compose":
      return compose(state, event);
    case "stored":
      return store(state, event.client_id, event.stored);
    case "refused":
      return change(state, event.client_id, (one) => ({ ...one, state: "failed", error: event.error.code, said: event.error.message }));
    case "late":
      return change(state, event.client_id, (one) => (one.state === "waiting" ? { ...one, late: true } : one));
    case "retry":
      return retry(state, event.client_id, event.at);
    case "outbox":
      return shareOutbox(state, event.waiting);
    case "conversation":
      return talkWith(follow(state, event.conversation.id), event.conversation, event.now);
    case "available":
      return { ...state, ...event.availability };
    case "typing":
      return { ...state, typing: { name: event.name, until: event.now + TYPING_MS } };
    case "quiet":
      return state.typing && state.typing.until <= event.now ? { ...state, typing: null } : state;
    case "theirs":
      return {
        ...state,
        delivered: Math.max(state.delivered, event.delivered ?? 0, event.seen ?? 0),
        seenByOperator: Math.max(state.seenByOperator, event.seen ?? 0),
      };
    case "looked":
      return event.seq > state.seen ? { ...state, seen: event.seq } : state;
  }
}

// ---- the conversation we are in

const restarted = (state: ChatState, conversation: string | null): ChatState => ({
  ...state,
  conversation,
  status: null,
  operator: null,
  joined: [],
  place: null,
  arrivals: [],
  log: emptyLog(),
  rev: 0,
  revGap: false,
  // What had a number in the other conversation is stored there; the log will bring it back if it is ours.
  pending: state.pending.filter((one) => one.state !== "stored"),
  delivered: 0,
  seenByOperator: 0,
  seen: state.conversation === null ? state.seen : 0,
});

const follow = (state: ChatState, conversation: string | null): ChatState =>
  conversation === state.conversation ? state : restarted(state, conversation);

function take(state: ChatState, messages: Message[]): ChatState {
  const log = receive(state.log, messages.filter((one) => one.conversation === state.conversation));
  if (log === state.log) return state;
  const shown = new Set(log.messages.map((one) => one.client_id));
  return { ...state, log, pending: state.pending.filter((one) => !shown.has(one.client_id)) };
}

/** What was edited or deleted; with a `rev`, everything up to there. */
function rewrite(state: ChatState, changed: Message[] = [], rev = state.rev): ChatState {
  const log = changed.filter((one) => one.conversation === state.conversation).reduce(replace, state.log);
  const known = Math.max(rev, state.rev);
  return log === state.log && known === state.rev && !state.revGap ? state : { ...state, log, rev: known, revGap: false };
}

/** Who talks now. What changes while we look on is told; who was here when we came is not news. */
function talkWith(state: ChatState, { status, operator, place, joined = [] }: Conversation, now: number): ChatState {
  const here = status === "active" ? operator : null;
  const before = state.status === "active" ? state.operator : null;
  const last = state.arrivals[state.arrivals.length - 1];
  const come: Arrival[] = [];
  const say = (name: string, over: boolean) => come.push({ name, over, afterSeq: lastNotOf(state, name), at: now });
  if (state.status) {
    // Who goes on after a pause was told before.
    if (here && here.name !== before?.name && here.name !== last?.name) say(here.name, !!before);
    for (const name of joined) if (!state.joined.includes(name)) say(name, false);
  }
  return { ...state, status, operator, place: place ?? null, joined, arrivals: [...state.arrivals, ...come] };
}

/** What somebody said before we heard that he came stands below the line that tells it. */
const lastNotOf = (state: ChatState, name: string): number =>
  state.log.messages.findLast(({ author }) => author.kind !== "operator" || author.name !== name)?.seq ?? 0;

// ---- what this visitor writes

function compose(state: ChatState, { client_id, body, at, file }: Draft): ChatState {
  const text = body.trim();
  if ((!text && !file) || tooLong(text) > 0 || isKnown(state, client_id)) return state;
  return { ...state, pending: [...state.pending, { client_id, body: text, at, file, state: "waiting" }] };
}

const isKnown = (state: ChatState, client_id: string): boolean =>
  [...state.pending, ...state.log.messages].some((one) => one.client_id === client_id);

function store(state: ChatState, client_id: string, { id, conversation, seq, at }: Stored): ChatState {
  const now = follow(state, conversation);
  const mine = now.pending.find((one) => one.client_id === client_id);
  if (!mine) return now;
  const author = { kind: "visitor", name: null } as const;
  const numbered = change(now, client_id, (one) => ({ ...one, state: "stored", seq }));
  return take(numbered, [{ id, client_id, seq, conversation, author, body: mine.body, at, file: mine.file }]);
}

function change(state: ChatState, client_id: string, to: (one: Pending) => Pending): ChatState {
  const pending = state.pending.map((one) => (one.client_id === client_id && one.state !== "stored" ? to(one) : one));
  return { ...state, pending };
}

/** A failed message goes to the end: it will be said now, not when it was written. A late one keeps its place. */
function retry(state: ChatState, client_id: string, at: number): ChatState {
  const one = state.pending.find((pending) => pending.client_id === client_id && (pending.late || pending.state === "failed"));
  if (!one) return state;
  const again: Pending = { client_id, body: one.body, file: one.file, at, state: "waiting" };
  if (one.late) return change(state, client_id, () => again);
  return { ...state, pending: [...state.pending.filter((other) => other !== one), again] };
}

/** Another tab's unsent messages are shown here too; the log will replace them when they are stored. */
function shareOutbox(state: ChatState, waiting: Draft[]): ChatState {
  const fresh = waiting.filter(({ client_id }) => !isKnown(state, client_id));
  if (fresh.length === 0) return state;
  return { ...state, pending: [...state.pending, ...fresh.map((one) => ({ ...one, state: "waiting" as const }))] };
}

// ---- what follows from a state

/** The next message to hand to the service: in order, one at a time. */
export const nextToSend = (state: ChatState): Pending | undefined => state.pending.find((one) => one.state === "waiting");

export const needsSync = (state: ChatState): boolean => hasGap(state.log) || state.revGap;

export const unread = (state: ChatState): number =>
  state.log.messages.filter(({ seq, author }) => seq > state.seen && author.kind === "operator").length;

/** The last message of somebody else, whose delivery and sight are reported. */
export const lastFromOthers = (state: ChatState): number =>
  state.log.messages.findLast(({ author }) => author.kind !== "visitor")?.seq ?? 0;

/** Characters above the limit, counted as the service counts them; 0 or less is fine. */
export const tooLong = (text: string): number => [...text].length - MESSAGE_LIMIT;

/** Nobody will answer here now: the form that keeps the question and the address takes the composer's place. */
export function isAway({ status, available }: ChatState): boolean {
  if (status === "unanswered") return true;
  return !available && status !== "active";
}

/** Whether it was left by a form, with an address: its id is that of the submission. */
export const isQuestion = ({ client_id }: { client_id: string | null }): boolean => !!client_id?.startsWith("sub_");

/** A question was left and nothing said since: it will be answered by e-mail. */
export function leftQuestion({ log, pending }: ChatState): boolean {
  const last = log.messages.findLast(({ author }) => author.kind !== "system");
  return pending.length === 0 && !!last && isQuestion(last);
}

/** What the visitor wrote and nobody answered or has an address for, as one text. */
export function unansweredText(state: ChatState): string {
  const settled = state.log.messages.findLast((one) => one.author.kind === "operator" || isQuestion(one))?.seq ?? 0;
  const stored = state.log.messages.filter(({ seq, author }) => seq > settled && author.kind === "visitor");
  return [...stored, ...state.pending].map(({ body }) => body).join("\n");
}

export type Delivery = "waiting" | "sent" | "delivered" | "seen" | "failed";

/** How far a message of this visitor has come. */
export function delivery(state: ChatState, seq: number): Delivery {
  if (seq <= state.seenByOperator) return "seen";
  return seq <= state.delivered ? "delivered" : "sent";
}
