// The inbox at work: holds the state, speaks with the service, and does what a change of state asks for (send what is
// unsent, fetch what is missing, tell what was seen). Views call its methods and read its state; they do nothing else.
import { io } from "socket.io-client";
import { isPassing } from "../protocol";
import { COMING_BACK } from "../chat/backoff";
import { randomId } from "../random";
import type {
  Ack, OPERATOR_EMITS, OPERATOR_HEARS, OperatorMessage, Presence, Queue, Stored, Summary, WireError,
} from "../protocol";
import { save } from "./keep";
import { listsOf, type ListDesk } from "./lists";
import { news } from "./select";
import { attend, introduction, sitting } from "./sitting";
import {
  attachmentsOf, behind, draftOf, reduce,
  type Attachment, type Event, type Mention, type Mode, type Outgoing, type Part, type State,
} from "./state";
import { previewOf, upload, type Upload } from "./upload";

const ANSWER_MS = 10_000;
const STORED_MS = 4_000; // a message goes out again when no answer came for so long
const LATE_MS = 4_000; // and then whoever wrote it is told that it is not there yet
const SILENT = 2; // messages without an answer after which a connection counts as broken, whatever it says
const NEWEST = 2 ** 31 - 1; // the number before which the newest page ends
const TYPING_SHOWN_MS = 6_000;
const TYPING_TOLD_MS = 2_500;
const SEEN_AFTER_MS = 500; // moving through the queue with j and k is not reading
const BEHIND_FOR_MS = 300; // what is on its way needs no asking
const AGAIN_MS = 3_000;

type Synced = Part & { summary: Summary };

export interface Desk {
  state(): State;
  /** Calls back after every change; returns a function that ends this. */
  subscribe(listener: () => unknown): () => void;
  /** Calls back with conversations that began to call. */
  onNews(listener: (summaries: Summary[]) => void): void;
  /** Show a conversation; `at` is the number of the message to show, else it is the first unread one or the end. */
  open(conversation: string | null, at?: number): void;
  /** Fetch what is older than what is here of that conversation. */
  older(conversation: string): void;
  /** Views, pages, counts, search, and what is done to many at once. */
  lists: ListDesk;
  available(available: boolean): void;
  take(conversation: string): void;
  assign(conversation: string, operator: string): void;
  /** Hand a conversation to a colleague, or (null) back to the queue, with a note; whether that was done. */
  handOn(conversation: string, operator: string | null, note: string): Promise<boolean>;
  /** Be in a conversation beside the operator who answers. */
  join(conversation: string): void;
  close(conversation: string): void;
  /** It is spam: it closes and is set apart, and texts like it are held from now on. */
  spam(conversation: string): void;
  /** It is no spam: what was held takes its place in the queue, and texts like it are held less. */
  release(conversation: string): void;
  mode(conversation: string, mode: Mode): void;
  write(conversation: string, text: string): void;
  subject(conversation: string, text: string): void;
  /** Begin to change the message with that id (null: leave it as it is). */
  edit(conversation: string, message: string | null): void;
  /** Store the changed text; comes back with the code of what went wrong, null when it is stored. */
  saveEdit(conversation: string): Promise<WireError | null>;
  remove(conversation: string, message: string): void;
  /** Upload files that go with the next message. */
  attach(conversation: string, files: Iterable<File>): void;
  detach(conversation: string, key: string): void;
  block(conversation: string, hours: number): void;
  unblock(conversation: string): void;
  send(conversation: string): void;
  /** Send again at once, over a new connection where this one does not answer. */
  retry(clientId: string): void;
  discard(clientId: string): void;
  dismiss(): void;
  /** Says an event to the service; no answer in time is the error no_connection. */
  ask<T>(event: OperatorEmit, payload: object): Promise<Ack<T>>;
  /** Calls back with what the service says by that event; returns a function that ends this. */
  hear<T>(event: OperatorHear, listener: (said: T) => void): () => void;
}

type OperatorEmit = (typeof OPERATOR_EMITS)[number];
type OperatorHear = (typeof OPERATOR_HEARS)[number];

/** Begin to work from that state: connects, and goes on until the page is left. Files are uploaded to `uploads`. */
export function desk(start: State, uploads: { url: string; csrf: string }): Desk {
  let state = start;
  const listeners = new Set<() => unknown>();
  const newsListeners = new Set<(summaries: Summary[]) => void>();
  const someone = sitting();
  const socket = io("/operator", {
    transports: ["websocket"], ...COMING_BACK, reconnectionDelayMax: 10_000, auth: introduction(someone),
  });
  attend(socket, someone);
  const syncing = new Set<string>();
  let sending = false;
  let typingTold = 0;
  let seenTimer: ReturnType<typeof setTimeout> | undefined;
  let behindTimer: ReturnType<typeof setTimeout> | undefined;
  let lateTimer: ReturnType<typeof setTimeout> | undefined;
  const uploading = new Map<string, Upload>();

  function dispatch(event: Event): void {
    const before = state;
    state = reduce(before, event);
    if (state === before) return;
    if (state.outbox !== before.outbox || state.drafts !== before.drafts) save(state.me.id, state.outbox, state.drafts);
    if (state.outbox !== before.outbox) {
      void sendAll();
      watchForLate();
    }
    // What a further page of a list brings was there before.
    const called = event.type === "listed" ? [] : news(before, state);
    if (called.length) for (const listener of newsListeners) listener(called);
    look();
    lists.heard(before, event);
    for (const listener of listeners) listener();
  }

  // No answer in time, or a connection lost meanwhile, is an error like any other: the caller decides what it means.
  async function ask<T>(event: OperatorEmit, payload: object, within = ANSWER_MS): Promise<Ack<T>> {
    if (!socket.connected) return { ok: false, error: { code: "no_connection", message: "" } };
    try {
      return (await socket.timeout(within).emitWithAck(event, payload)) as Ack<T>;
    } catch {
      return { ok: false, error: { code: "no_connection", message: "" } };
    }
  }

  async function command(event: OperatorEmit, conversation: string, payload: object = {}): Promise<boolean> {
    const answer = await ask<{ summary?: Summary }>(event, { conversation, ...payload });
    if (!answer.ok) notice(conversation, answer.error);
    else if (answer.summary) dispatch({ type: "conversation", summary: answer.summary });
    return answer.ok;
  }

  const notice = (conversation: string | null, error: Pick<WireError, "code" | "by">) =>
    dispatch({ type: "notice", conversation, error });

  // One after the other, so that they are stored in the order they were written. What got no answer may be stored or
  // not: it goes out again under the same client id, which the service stores once.
  async function sendAll(): Promise<void> {
    if (sending) return;
    sending = true;
    let unanswered = 0;
    for (;;) {
      const next = state.outbox.find(({ failed }) => !failed);
      if (!next || !socket.connected) break;
      const { clientId } = next;
      const answer = await ask<Stored>("message", told(next), STORED_MS);
      if (answer.ok) dispatch({ type: "acked", clientId, id: answer.id, seq: answer.seq, at: answer.at });
      else if (isPassing(answer.error)) await new Promise((done) => setTimeout(done, AGAIN_MS));
      else if (answer.error.code === "no_connection") {
        if (++unanswered >= SILENT && socket.connected) reconnect();
      } else dispatch({ type: "refused", clientId, code: answer.error.code, reason: answer.error.message });
    }
    sending = false;
  }

  const told = ({ clientId, conversation, body, kind, file, subject }: Outgoing) => ({
    client_id: clientId,
    conversation,
    body,
    kind: kind === "note" ? "note" : "reply",
    ...(file ? { file: file.id } : {}),
    ...(kind === "email" ? { by_email: true, subject: subject ?? "" } : {}),
  });

  // What was not stored within LATE_MS is marked: it is never left to look as if it were on its way.
  function watchForLate(): void {
    const next = state.outbox.find(({ failed, late }) => !failed && !late);
    if (!next || lateTimer) return;
    lateTimer = setTimeout(() => {
      lateTimer = undefined;
      dispatch({ type: "late", before: new Date(Date.now() - LATE_MS).toISOString() });
      watchForLate();
    }, Math.max(0, Date.parse(next.at) + LATE_MS - Date.now()) + 50);
  }

  function reconnect(): void {
    socket.disconnect().connect();
  }

  async function sync(conversation: string): Promise<void> {
    if (syncing.has(conversation)) return;
    syncing.add(conversation);
    const known = state.threads[conversation];
    const from = known?.loaded ? { after_seq: known.next, after_rev: known.rev } : { before_seq: NEWEST };
    const answer = await ask<Synced>("sync", { conversation, ...from });
    syncing.delete(conversation);
    if (answer.ok) {
      const { messages, next, first, changed, rev, summary } = answer;
      dispatch({ type: "synced", conversation, messages, next, first, changed, rev, summary });
      const now = state.threads[conversation]!;
      if (behind(state, conversation) && (now.next > (known?.next ?? 0) || now.rev > (known?.rev ?? 0))) void sync(conversation);
    } else if (answer.error.code === "not_found") {
      dispatch({ type: "missing", conversation });
    }
  }

  async function older(conversation: string): Promise<void> {
    const thread = state.threads[conversation];
    if (!thread?.loaded || thread.older || thread.first <= 1) return;
    dispatch({ type: "older", conversation, loading: true });
    const answer = await ask<Synced>("sync", { conversation, before_seq: thread.first });
    const { messages = [], first } = answer.ok ? answer : {};
    dispatch({ type: "older", conversation, loading: false, messages, first });
  }

  async function mentions(): Promise<void> {
    const answer = await ask<{ mentions: Mention[] }>("mentioned", {});
    if (answer.ok) dispatch({ type: "mentions", mentions: answer.mentions });
  }

  const lists = listsOf({ state: () => state, dispatch, ask });

  /** After every change: is something missing that was announced, has something been seen that was not told? */
  function look(): void {
    const { opened } = state;
    if (!opened || state.link !== "up") return;
    if (behind(state, opened)) {
      behindTimer ??= setTimeout(() => {
        behindTimer = undefined;
        if (state.opened && behind(state, state.opened)) void sync(state.opened);
      }, BEHIND_FOR_MS);
    }
    for (const { id, conversation, seen } of state.mentions) {
      if (seen || conversation !== opened || document.hidden || !state.threads[opened]?.loaded) continue;
      void ask("mention_seen", { id });
      return dispatch({ type: "mentionSeen", id });
    }
    if (unseen(opened)) {
      seenTimer ??= setTimeout(() => {
        seenTimer = undefined;
        if (state.opened === opened) void tellSeen(opened);
        else look();
      }, SEEN_AFTER_MS);
    }
  }

  const unseen = (conversation: string): boolean => {
    const thread = state.threads[conversation];
    const seen = state.conversations[conversation]?.seen.operator;
    return !document.hidden && !!thread?.loaded && seen !== undefined && thread.next > seen;
  };

  async function tellSeen(conversation: string): Promise<void> {
    if (!unseen(conversation)) return;
    const seq = state.threads[conversation]!.next;
    const answer = await ask("seen", { conversation, seq });
    if (answer.ok) dispatch({ type: "seen", conversation, seq });
  }

  function tellDelivered({ id, last_seq, delivered, unread }: Summary): void {
    if (unread && delivered.operator < last_seq) void ask("delivered", { conversation: id, seq: last_seq });
  }

  socket.on("connect", () => {
    dispatch({ type: "link", link: "up" });
    void sendAll();
    if (state.opened) void sync(state.opened);
    void mentions();
    lists.connected();
  });
  socket.on("disconnect", (reason) => {
    dispatch({ type: "link", link: "down" });
    // The service ended it: after a sign-out the next connect is refused and says so.
    if (reason === "io server disconnect") socket.connect();
  });
  socket.on("connect_error", ({ message }) => {
    if (message === "unauthorized") return dispatch({ type: "link", link: "refused" });
    if (state.ready || state.link !== "connecting") dispatch({ type: "link", link: "down" });
    if (!socket.active) setTimeout(() => socket.connect(), AGAIN_MS * (0.5 + Math.random()));
  });
  socket.on("queue", (queue: Queue) => {
    dispatch({ type: "queue", queue });
    queue.conversations.forEach(tellDelivered);
  });
  socket.on("presence", (presence: Presence) => dispatch({ type: "presence", presence }));
  socket.on("conversation", (summary: Summary) => dispatch({ type: "conversation", summary }));
  socket.on("message", (message: OperatorMessage) => {
    dispatch({ type: "message", message });
    const known = state.conversations[message.conversation]?.delivered.operator ?? 0;
    if (message.author.kind === "visitor" && message.seq !== null && message.seq > known) {
      void ask("delivered", { conversation: message.conversation, seq: message.seq });
    }
  });
  socket.on("counts", lists.countsMoved);
  socket.on("changed", (message: OperatorMessage) => dispatch({ type: "changed", message }));
  socket.on("mention", (mention: Mention) => {
    dispatch({ type: "mentions", mentions: [mention, ...state.mentions.filter(({ id }) => id !== mention.id)] });
  });
  socket.on("typing", ({ conversation, name, text }: { conversation: string; name: string; text?: string }) => {
    dispatch({ type: "typing", conversation, name, text: text ?? "", until: Date.now() + TYPING_SHOWN_MS });
    setTimeout(() => dispatch({ type: "typingOver", now: Date.now() }), TYPING_SHOWN_MS + 50);
  });
  document.addEventListener("visibilitychange", look);
  // The network is back: begin anew instead of sitting out the pause between two tries.
  addEventListener("online", () => socket.connected || reconnect());

  return {
    state: () => state,
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    onNews: (listener) => void newsListeners.add(listener),
    open(conversation, at) {
      if (conversation === state.opened && at === undefined) return;
      dispatch({ type: "open", conversation, at });
      if (conversation) void sync(conversation);
    },
    older: (conversation) => void older(conversation),
    lists,
    available(available) {
      void ask("presence", { available }).then((answer) => {
        if (!answer.ok) notice(null, answer.error);
      });
    },
    take: (conversation) => void command("take", conversation),
    assign: (conversation, operator) => void command("assign", conversation, { operator }),
    handOn: (conversation, operator, note) => command("assign", conversation, { operator, note }),
    join: (conversation) => void command("join", conversation),
    close(conversation) {
      void command("close", conversation).then((done) => done && notice(conversation, { code: "closed_now" }));
    },
    spam: (conversation) => void command("spam", conversation),
    release: (conversation) => void command("release", conversation),
    mode: (conversation, mode) => dispatch({ type: "mode", conversation, mode }),
    write(conversation, text) {
      dispatch({ type: "draft", conversation, text });
      const now = Date.now();
      const { mode, editing } = draftOf(state, conversation);
      if (!text || mode !== "reply" || editing || now - typingTold < TYPING_TOLD_MS) return;
      typingTold = now;
      void ask("typing", { conversation });
    },
    subject: (conversation, text) => dispatch({ type: "subject", conversation, text }),
    edit(conversation, id) {
      const message = state.threads[conversation]?.messages.find((one) => one.id === id);
      dispatch({ type: "edit", conversation, editing: message ? { id: message.id, text: message.body } : null });
    },
    async saveEdit(conversation) {
      const { editing } = draftOf(state, conversation);
      if (!editing) return null;
      const answer = await ask<{ message: OperatorMessage }>("edit", { message: editing.id, body: editing.text });
      if (!answer.ok) return answer.error;
      dispatch({ type: "changed", message: answer.message });
      if (draftOf(state, conversation).editing?.id === editing.id) dispatch({ type: "edit", conversation, editing: null });
      return null;
    },
    remove(conversation, message) {
      void ask<{ message: OperatorMessage }>("delete", { message }).then((answer) => {
        if (answer.ok) dispatch({ type: "changed", message: answer.message });
        else notice(conversation, answer.error);
      });
    },
    attach(conversation, files) {
      for (const file of files) {
        const key = randomId();
        const attachment = { key, name: file.name, size: file.size, preview: null, progress: 0, file: null, problem: null };
        const attached = (change: Partial<Attachment>) => dispatch({ type: "attached", conversation, key, change });
        dispatch({ type: "attach", conversation, attachment });
        void previewOf(file).then((preview) => preview && attached({ preview }));
        const going = upload(uploads, conversation, file, (progress) => attached({ progress }));
        uploading.set(key, going);
        void going.done.then((change) => {
          uploading.delete(key);
          attached(change);
        });
      }
    },
    detach(conversation, key) {
      uploading.get(key)?.cancel();
      dispatch({ type: "detach", conversation, key });
    },
    block: (conversation, hours) => void command("block", conversation, { hours }),
    unblock: (conversation) => void command("unblock", conversation),
    send(conversation) {
      typingTold = 0;
      const count = Math.max(1, attachmentsOf(state, conversation).length);
      const clientIds = Array.from({ length: count }, randomId);
      dispatch({ type: "send", conversation, clientIds, at: new Date().toISOString() });
    },
    retry(clientId) {
      const late = state.outbox.find((one) => one.clientId === clientId)?.late;
      dispatch({ type: "retry", clientId, at: new Date().toISOString() });
      if (late) reconnect();
    },
    discard: (clientId) => dispatch({ type: "discard", clientId }),
    dismiss: () => dispatch({ type: "dismiss" }),
    ask,
    hear(event, listener) {
      socket.on(event as string, listener as (said: unknown) => void);
      return () => void socket.off(event as string, listener as (said: unknown) => void);
    },
  };
}
