// The inbox at work: holds the state, speaks with the service, and does what a change of state asks for (send what is
// unsent, fetch what is missing, tell what was seen). Views call its methods and read its state; they do nothing else.
import { io } from "socket.io-client";
import { randomId } from "../random";
import type {
  Ack, OPERATOR_EMITS, OPERATOR_HEARS, OperatorMessage, Presence, Queue, Stored, Summary, WireError,
} from "../protocol";
import { save } from "./keep";
import { news } from "./select";
import { behind, draftOf, reduce, type Event, type Filter, type Listing, type Mode, type State } from "./state";

const ANSWER_MS = 10_000;
const TYPING_SHOWN_MS = 6_000;
const TYPING_TOLD_MS = 2_500;
const SEEN_AFTER_MS = 500; // moving through the queue with j and k is not reading
const BEHIND_FOR_MS = 300; // what is on its way needs no asking
const AGAIN_MS = 3_000;

type Synced = { messages: OperatorMessage[]; next: number; summary: Summary };
type Listed = { conversations: Summary[]; more: boolean; cursor: string | null };

export interface Desk {
  state(): State;
  /** Calls back after every change; returns a function that ends this. */
  subscribe(listener: () => unknown): () => void;
  /** Calls back with conversations that began to call. */
  onNews(listener: (summaries: Summary[]) => void): void;
  open(conversation: string | null): void;
  filter(filter: Filter): void;
  more(): void;
  available(available: boolean): void;
  take(conversation: string): void;
  assign(conversation: string, operator: string): void;
  close(conversation: string): void;
  mode(conversation: string, mode: Mode): void;
  write(conversation: string, text: string): void;
  send(conversation: string): void;
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

/** Begin to work from that state: connects, and goes on until the page is left. */
export function desk(start: State): Desk {
  let state = start;
  const listeners = new Set<() => unknown>();
  const newsListeners = new Set<(summaries: Summary[]) => void>();
  const socket = io("/operator", { transports: ["websocket"], reconnectionDelay: 500, reconnectionDelayMax: 4_000 });
  const syncing = new Set<string>();
  let sending = false;
  let typingTold = 0;
  let seenTimer: ReturnType<typeof setTimeout> | undefined;
  let behindTimer: ReturnType<typeof setTimeout> | undefined;

  function dispatch(event: Event): void {
    const before = state;
    state = reduce(before, event);
    if (state === before) return;
    if (state.outbox !== before.outbox || state.drafts !== before.drafts) save(state.me.id, state.outbox, state.drafts);
    if (state.outbox !== before.outbox) void sendAll();
    const called = news(before, state);
    if (called.length) for (const listener of newsListeners) listener(called);
    look();
    for (const listener of listeners) listener();
  }

  // No answer in time, or a connection lost meanwhile, is an error like any other: the caller decides what it means.
  async function ask<T>(event: OperatorEmit, payload: object): Promise<Ack<T>> {
    if (!socket.connected) return { ok: false, error: { code: "no_connection", message: "" } };
    try {
      return (await socket.timeout(ANSWER_MS).emitWithAck(event, payload)) as Ack<T>;
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
    for (;;) {
      const next = state.outbox.find(({ failed }) => !failed);
      if (!next || !socket.connected) break;
      const { clientId, conversation, body, kind } = next;
      const answer = await ask<Stored>("message", { client_id: clientId, conversation, body, kind });
      if (answer.ok) dispatch({ type: "acked", clientId, id: answer.id, seq: answer.seq, at: answer.at });
      else if (answer.error.code === "error") await new Promise((done) => setTimeout(done, AGAIN_MS));
      else if (answer.error.code !== "no_connection") dispatch({ type: "refused", clientId, code: answer.error.code });
    }
    sending = false;
  }

  async function sync(conversation: string): Promise<void> {
    if (syncing.has(conversation)) return;
    syncing.add(conversation);
    const from = state.threads[conversation]?.next ?? 0;
    const answer = await ask<Synced>("sync", { conversation, after_seq: from });
    syncing.delete(conversation);
    if (answer.ok) {
      const { messages, next, summary } = answer;
      dispatch({ type: "synced", conversation, messages, next, summary });
      if (behind(state, conversation) && (state.threads[conversation]?.next ?? 0) > from) void sync(conversation);
    } else if (answer.error.code === "not_found") {
      dispatch({ type: "missing", conversation });
    }
  }

  async function list(listing: Listing): Promise<void> {
    if (state.pages[listing].loading) return;
    const { cursor } = state.pages[listing];
    dispatch({ type: "listing", listing });
    const before = cursor ? { before: cursor } : {};
    const answer = await ask<Listed>("list", { status: listing, ...before });
    if (answer.ok) {
      const { conversations, more, cursor: next } = answer;
      dispatch({ type: "listed", listing, conversations, more, cursor: next });
    } else {
      dispatch({ type: "listed", listing, conversations: [], more: true, cursor });
    }
  }

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
    if (state.filter === "closed" && !state.pages.closed.asked) void list("closed");
  });
  socket.on("disconnect", (reason) => {
    dispatch({ type: "link", link: "down" });
    // The service ended it: after a sign-out the next connect is refused and says so.
    if (reason === "io server disconnect") socket.connect();
  });
  socket.on("connect_error", ({ message }) => {
    if (message === "unauthorized") return dispatch({ type: "link", link: "refused" });
    if (state.ready || state.link !== "connecting") dispatch({ type: "link", link: "down" });
    if (!socket.active) setTimeout(() => socket.connect(), AGAIN_MS);
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
  socket.on("typing", ({ conversation, name, text }: { conversation: string; name: string; text?: string }) => {
    dispatch({ type: "typing", conversation, name, text: text ?? "", until: Date.now() + TYPING_SHOWN_MS });
    setTimeout(() => dispatch({ type: "typingOver", now: Date.now() }), TYPING_SHOWN_MS + 50);
  });
  document.addEventListener("visibilitychange", look);
  // The network is back: begin anew instead of sitting out the pause between two tries.
  addEventListener("online", () => socket.connected || socket.disconnect().connect());

  return {
    state: () => state,
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    onNews: (listener) => void newsListeners.add(listener),
    open(conversation) {
      if (conversation === state.opened) return;
      dispatch({ type: "open", conversation });
      if (conversation) void sync(conversation);
    },
    filter(filter) {
      dispatch({ type: "filter", filter });
      if (filter === "closed" && !state.pages.closed.asked) void list("closed");
    },
    more: () => void list(state.filter === "closed" ? "closed" : "open"),
    available(available) {
      void ask("presence", { available }).then((answer) => {
        if (!answer.ok) notice(null, answer.error);
      });
    },
    take: (conversation) => void command("take", conversation),
    assign: (conversation, operator) => void command("assign", conversation, { operator }),
    close(conversation) {
      void command("close", conversation).then((done) => done && notice(conversation, { code: "closed_now" }));
    },
    mode: (conversation, mode) => dispatch({ type: "mode", conversation, mode }),
    write(conversation, text) {
      dispatch({ type: "draft", conversation, text });
      const now = Date.now();
      if (!text || draftOf(state, conversation).mode === "note" || now - typingTold < TYPING_TOLD_MS) return;
      typingTold = now;
      void ask("typing", { conversation });
    },
    send(conversation) {
      typingTold = 0;
      dispatch({ type: "send", conversation, clientId: randomId(), at: new Date().toISOString() });
    },
    retry: (clientId) => dispatch({ type: "retry", clientId }),
    discard: (clientId) => dispatch({ type: "discard", clientId }),
    dismiss: () => dispatch({ type: "dismiss" }),
    ask,
    hear(event, listener) {
      socket.on(event as string, listener as (said: unknown) => void);
      return () => void socket.off(event as string, listener as (said: unknown) => void);
    },
  };
}
