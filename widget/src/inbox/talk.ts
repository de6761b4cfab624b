// The messages of a conversation, what is being written in it and what is on its way, as pure steps from one state to
// the next.
import type { ChatFile, Iso, OperatorMessage } from "../protocol";
import type { Attachment, Draft, Event, Outgoing, State, Thread } from "./state";
import { withSummaries } from "./summaries";

const EMPTY: Thread = { messages: [], first: 1, next: 0, rev: 0, loaded: false, older: false };
export const NO_DRAFT: Draft = { mode: "reply", reply: "", note: "", email: "", subject: "", editing: null };

/** What is being written in a conversation. */
export const draftOf = (state: State, conversation: string): Draft => state.drafts[conversation] ?? NO_DRAFT;

/** The files that go with the next message. */
export const attachmentsOf = (state: State, conversation: string): Attachment[] => state.attachments[conversation] ?? [];

/** Whether messages or changes of a loaded conversation are known to exist that are not here. */
export function behind(state: State, conversation: string): boolean {
  const thread = state.threads[conversation];
  if (!thread?.loaded) return false;
  const { last_seq = 0, rev = 0 } = state.conversations[conversation] ?? {};
  const newest = thread.messages.findLast(({ seq }) => seq !== null)?.seq ?? 0;
  return last_seq > thread.next || newest > thread.next || rev > thread.rev;
}

export function withMessage(state: State, message: OperatorMessage): State {
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
      last: { body: message.body.slice(0, 140), at: message.at, author: message.author.kind, file: !!message.file },
      last_seq: message.seq,
      active_at: message.at > summary.active_at ? message.at : summary.active_at,
      unread: summary.unread + (counted ? 1 : 0),
    },
  ]);
}

export function withSync(state: State, event: Extract<Event, { type: "synced" }>): State {
  const { conversation, messages, next, summary, changed = [], rev = 0 } = event;
  const known = state.threads[conversation] ?? EMPTY;
  // A page asked for from its end begins the thread: nothing of it was here before.
  const thread = known.loaded || event.first === undefined ? known : { ...known, first: event.first, next, rev };
  const here = new Set(thread.messages.map(({ id }) => id));
  const arrived = [...messages, ...changed.filter(({ id }) => here.has(id))];
  const whole = { ...merged(thread, arrived, Math.max(thread.next, next)), rev: Math.max(thread.rev, rev), loaded: true };
  return withSummaries(withThread(withoutStored(state, messages), conversation, whole), [summary]);
}

export function withOlder(state: State, { conversation, loading, messages = [], first }: Extract<Event, { type: "older" }>): State {
  const thread = state.threads[conversation];
  if (!thread) return state;
  const whole = merged({ ...thread, first: Math.min(thread.first, first ?? thread.first) }, messages, thread.next);
  return withThread(state, conversation, { ...whole, older: loading });
}

// One that is told out of turn does not count as known: the summary's rev then says that something is missing.
export function withChanged(state: State, message: OperatorMessage): State {
  const { conversation, id } = message;
  const thread = state.threads[conversation];
  if (!thread?.loaded) return state;
  const whole = thread.messages.some((one) => one.id === id) ? merged(thread, [message], thread.next) : thread;
  const next = withThread(state, conversation, { ...whole, rev: message.rev === thread.rev + 1 ? message.rev : thread.rev });
  return message.deleted && draftOf(next, conversation).editing?.id === id ? withDraft(next, conversation, { editing: null }) : next;
}

function withThread(state: State, conversation: string, thread: Thread): State {
  return state.threads[conversation] === thread ? state : { ...state, threads: { ...state.threads, [conversation]: thread } };
}

function merged(thread: Thread, arrived: OperatorMessage[], next: number): Thread {
  const byId = new Map(thread.messages.map((message) => [message.id, message]));
  for (const message of arrived) {
    // What was told before an edit and comes after it does not undo it.
    if ((byId.get(message.id)?.rev ?? 0) <= (message.rev ?? 0)) byId.set(message.id, message);
  }
  const messages = [...byId.values()].sort(inOrder);
  let contiguous = next;
  for (const { seq } of messages) if (seq === contiguous + 1) contiguous = seq;
  return { ...thread, messages, next: contiguous };
}

// A note has no number: it stands right after the message it was written after.
const place = ({ seq, after_seq }: OperatorMessage) => (seq === null ? after_seq + 0.5 : seq);
const inOrder = (a: OperatorMessage, b: OperatorMessage) =>
  place(a) - place(b) || (a.at < b.at ? -1 : a.at > b.at ? 1 : a.id < b.id ? -1 : 1);

export function withDraft(state: State, conversation: string, change: Partial<Draft>): State {
  return { ...state, drafts: { ...state.drafts, [conversation]: { ...draftOf(state, conversation), ...change } } };
}

export function withAttachments(state: State, conversation: string, change: (all: Attachment[]) => Attachment[]): State {
  return { ...state, attachments: { ...state.attachments, [conversation]: change(attachmentsOf(state, conversation)) } };
}

// A message carries one file: the text goes with the first, every other one is a message of its own.
export function withSending(state: State, conversation: string, clientIds: readonly string[], at: Iso): State {
  const draft = draftOf(state, conversation);
  const kind = draft.mode;
  const body = draft[kind].trim();
  // An e-mail carries words alone: files wait for the next reply in the chat.
  const attachments = kind === "email" ? [] : attachmentsOf(state, conversation);
  const files = attachments.flatMap(({ file }) => file ?? []);
  const subject = kind === "email" ? { subject: draft.subject } : {};
  const leaving = (files.length ? files : [null])
    .map((file, index): Outgoing => ({
      clientId: clientIds[index]!, conversation, kind, body: index ? "" : body, file, at, failed: null, late: false, ...subject,
    }))
    .filter((one) => (one.body || one.file) && !state.outbox.some(({ clientId }) => clientId === one.clientId));
  if (leaving.length === 0) return state;
  // The mode stays: who writes two notes in a row must not have the second one go to the visitor.
  const emptied = withAttachments(withDraft(state, conversation, { [kind]: "" }), conversation, (all) => all.filter((one) => !attachments.includes(one) || !one.file));
  return { ...emptied, outbox: [...state.outbox, ...leaving] };
}

export function withLate(state: State, before: Iso): State {
  const late = (one: Outgoing) => !one.late && !one.failed && one.at <= before;
  return state.outbox.some(late) ? { ...state, outbox: state.outbox.map((one) => (late(one) ? { ...one, late: true } : one)) } : state;
}

export function withAck(state: State, { clientId, id, seq, at }: Extract<Event, { type: "acked" }>): State {
  const sent = state.outbox.find((one) => one.clientId === clientId);
  if (!sent) return state;
  const after_seq = seq === null ? (state.threads[sent.conversation]?.next ?? 0) : seq - 1;
  const message: OperatorMessage = {
    id, seq, at, after_seq,
    client_id: clientId,
    conversation: sent.conversation,
    author: { kind: "operator", name: state.me.name },
    operator: state.me.id,
    body: sent.body,
    file: sent.file ?? null,
    by_email: sent.kind === "email",
    kind: sent.kind === "note" ? "note" : "reply",
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

export function withOutgoing(state: State, clientId: string, change: Partial<Outgoing>): State {
  return { ...state, outbox: state.outbox.map((one) => (one.clientId === clientId ? { ...one, ...change } : one)) };
}

export function withDiscarded(state: State, clientId: string): State {
  const one = state.outbox.find((outgoing) => outgoing.clientId === clientId);
  if (!one) return state;
  const draft = draftOf(state, one.conversation);
  const text = draft[one.kind] ? `${one.body}\n${draft[one.kind]}` : one.body;
  const outbox = state.outbox.filter((outgoing) => outgoing !== one);
  const back = withDraft({ ...state, outbox }, one.conversation, { mode: one.kind, [one.kind]: text, editing: null });
  return one.file ? withAttachments(back, one.conversation, (all) => [...all, attachmentOf(one.file!)]) : back;
}

const attachmentOf = (file: ChatFile): Attachment => ({
  key: file.id, name: file.name, size: file.size, preview: file.thumb?.url ?? null, progress: 1, file, problem: null,
});
