// What the inbox knows, as pure decisions: every event gives the next state, and a state that did not change is the
// very same object. A conversation's messages stand in the order of their numbers whatever order they came in, once
// each whatever number of times they came; what was written here stays in the outbox until the service has stored it.
import type { ChatFile, Iso, OperatorHere, OperatorMessage, Presence, Queue, Summary, WireError } from "../protocol";
import { LISTS, withLists, withQueue, type ListEvent, type Lists } from "./listing";
import { withSeen, withSummaries } from "./summaries";
import {
  draftOf, withAck, withAttachments, withChanged, withDiscarded, withDraft, withLate, withMessage, withOlder, withOutgoing,
  withSending, withSync,
} from "./talk";

export { attachmentsOf, behind, draftOf, NO_DRAFT } from "./talk";

export type Link = "connecting" | "up" | "down" | "refused";
export type Mode = "reply" | "note" | "email";

export interface Me {
  id: string;
  name: string;
  available: boolean;
  /** Connected, but nobody has touched any page of this operator for long. */
  idle?: boolean;
}

/**
 * Something written here that the service has not acknowledged. `failed` is the code it was refused with; `late`: no
 * answer has come for so long that whoever wrote it must know.
 */
export interface Outgoing {
  clientId: string;
  conversation: string;
  kind: Mode;
  body: string;
  /** Of what goes out by e-mail. */
  subject?: string;
  file?: ChatFile | null;
  at: Iso;
  failed: string | null;
  /** Why, in the service's words. */
  reason?: string;
  late?: boolean;
}

/**
 * Nothing is missing between the numbers `first` and `next`; what is older is fetched when somebody scrolls up to it.
 * `rev` is the last edit or deletion that is known.
 */
export interface Thread {
  messages: OperatorMessage[];
  first: number;
  next: number;
  rev: number;
  loaded: boolean;
  /** Older ones are on their way. */
  older: boolean;
}

export interface Draft {
  mode: Mode;
  reply: string;
  note: string;
  email: string;
  /** Of the e-mail. */
  subject: string;
  /** The own message that is being changed, and its text so far. */
  editing: { id: string; text: string } | null;
}

/** A file that is to be sent: on its way to the service (`progress` from 0 to 1), there (`file`), or refused. */
export interface Attachment {
  key: string;
  name: string;
  size: number;
  /** An address within this page that shows the image. */
  preview: string | null;
  progress: number;
  file: ChatFile | null;
  /** Why it cannot be sent: a code, or a sentence of the service. */
  problem: string | null;
}

/** Where the operator was named in a note; `id` is the note's. */
export interface Mention {
  id: string;
  conversation: string;
  by: string;
  body: string;
  at: Iso;
  seen: boolean;
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
  lists: Lists;
  threads: Record<string, Thread>;
  outbox: Outgoing[];
  drafts: Record<string, Draft>;
  /** By conversation: what is to be sent with the next message. */
  attachments: Record<string, Attachment[]>;
  mentions: Mention[];
  opened: string | null;
  /** The number of the message that is to be shown in the opened conversation; null: the first unread, else the end. */
  at: number | null;
  /** The opened conversation is not there, or not ours to see. */
  missing: boolean;
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
  | ({ type: "synced"; conversation: string; summary: Summary } & Part)
  | { type: "older"; conversation: string; loading: boolean; messages?: OperatorMessage[]; first?: number }
  | { type: "changed"; message: OperatorMessage }
  | { type: "missing"; conversation: string }
  | ListEvent
  | { type: "open"; conversation: string | null; at?: number | null }
  | { type: "mode"; conversation: string; mode: Mode }
  | { type: "draft"; conversation: string; text: string }
  | { type: "subject"; conversation: string; text: string }
  | { type: "edit"; conversation: string; editing: Draft["editing"] }
  | { type: "attach"; conversation: string; attachment: Attachment }
  | { type: "attached"; conversation: string; key: string; change: Partial<Attachment> }
  | { type: "detach"; conversation: string; key: string }
  | { type: "mentions"; mentions: Mention[] }
  | { type: "mentionSeen"; id: string }
  | { type: "send"; conversation: string; clientIds: readonly string[]; at: Iso }
  | { type: "late"; before: Iso }
  | { type: "acked"; clientId: string; id: string; seq: number | null; at: Iso }
  | { type: "refused"; clientId: string; code: string; reason?: string }
  | { type: "retry"; clientId: string; at: Iso }
  | { type: "discard"; clientId: string }
  | { type: "seen"; conversation: string; seq: number }
  | { type: "notice"; conversation: string | null; error: Pick<WireError, "code" | "by"> }
  | { type: "dismiss" };

/** What a sync brings. `first` is said with a page that is asked for from its end; without it what comes goes on after `next`. */
export interface Part {
  messages: OperatorMessage[];
  next: number;
  first?: number;
  changed?: OperatorMessage[];
  rev?: number;
}

/** The state a page starts with, together with what an earlier page of this tab left unsent. */
export function initial(me: Me, opened: string | null, kept: Partial<Pick<State, "outbox" | "drafts">> = {}): State {
  return {
    link: "connecting",
    ready: false,
    me,
    operators: [],
    available: false,
    conversations: {},
    lists: LISTS,
    threads: {},
    outbox: kept.outbox ?? [],
    drafts: kept.drafts ?? {},
    attachments: {},
    mentions: [],
    opened,
    at: null,
    missing: false,
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
      return { ...state, operators, available, me: { id: me.id, name: me.name, available: me.available, idle: me.idle } };
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
    case "older":
      return withOlder(state, event);
    case "changed":
      return withChanged(state, event.message);
    case "missing":
      return event.conversation === state.opened ? { ...state, missing: true } : state;
    case "view":
    case "listing":
    case "listed":
    case "unlisted":
    case "counted":
    case "choose":
    case "did":
      return withLists(state, event);
    case "open":
      return { ...state, opened: event.conversation, at: event.at ?? null, missing: false, notice: null };
    case "mode":
      return withDraft(state, event.conversation, { mode: event.mode });
    case "draft": {
      const { mode, editing } = draftOf(state, event.conversation);
      return withDraft(state, event.conversation, editing ? { editing: { ...editing, text: event.text } } : { [mode]: event.text });
    }
    case "subject":
      return withDraft(state, event.conversation, { subject: event.text });
    case "edit":
      return withDraft(state, event.conversation, { editing: event.editing });
    case "attach":
      return withAttachments(state, event.conversation, (all) => [...all, event.attachment]);
    case "attached":
      return withAttachments(state, event.conversation, (all) =>
        all.map((one) => (one.key === event.key ? { ...one, ...event.change } : one)),
      );
    case "detach":
      return withAttachments(state, event.conversation, (all) => all.filter(({ key }) => key !== event.key));
    case "mentions":
      return { ...state, mentions: event.mentions };
    case "mentionSeen":
      return { ...state, mentions: state.mentions.map((one) => (one.id === event.id ? { ...one, seen: true } : one)) };
    case "send":
      return withSending(state, event.conversation, event.clientIds, event.at);
    case "late":
      return withLate(state, event.before);
    case "acked":
      return withAck(state, event);
    case "refused":
      return withOutgoing(state, event.clientId, { failed: event.code, reason: event.reason ?? "" });
    case "retry":
      return withOutgoing(state, event.clientId, { failed: null, late: false, at: event.at });
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
