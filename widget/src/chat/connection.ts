// Keeps this browser's chat in step with the service: chooses the link, sends the outbox in order and one at a time
// until each message is acknowledged, fills gaps, and shares all of it with the site's other tabs.
import { isPassing, type Ack } from "../protocol";
import { randomId } from "../random";
import type { Connection, ConnectionOptions } from "./contract";
import type { Remembered } from "./memory";
import type { Hearing, Link, VisitorEvent, Whereabouts } from "./link";
import { watchPage } from "./page";
import type { pollingLink } from "./polling";
import { socketLink, type SocketLink } from "./socket";
import { initialChat, lastFromOthers, needsSync, nextToSend, reduce, type ChatEvent, type ChatState } from "./state";

/** Nobody is left to believe for longer that a message went out. */
const LATE_MS = 3_500;
const FAILURES_BEFORE_POLLING = 2;
const SOCKET_AGAIN_MS = 60_000;
const TYPING_EVERY_MS = 2_500;
const PREVIEW_EVERY_MS = 700;
const AGAIN_MS = 1_000;
const GAP_AGAIN_MS = 2_000;

export function connection(options: ConnectionOptions): Connection {
  const { base, site, lang, availability, memory, about, preview, plain, changed } = options;
  let state = initialChat(availability);
  let started = false;
  // The token of a visitor who said nothing yet lives in this page alone.
  let token: string | null = memory.read().token;
  let socket: SocketLink | null = null;
  let polling: Link | null = null;
  let byHttp: typeof pollingLink | undefined;
  let sending = false;
  let syncing = false;
  /** The service has told how the conversation stands, as it does once after the welcome. */
  let greeted = true;
  let typedAt = 0;
  let typed = "";
  let previewing: ReturnType<typeof after> | 0 = 0;
  let told = { delivered: 0, seen: 0, conversation: null as string | null };
  const timers = new Set<ReturnType<typeof setTimeout>>();
  /** Since when this page waits for a message to be stored. */
  const since = new Set<string>();
  let forgetTabs = () => {};
  let forgetPage = () => {};

  const where: Whereabouts = { base, site, lang, about, key, token: () => token, last: () => state.log.last, rev: () => state.rev };
  const link = (): Link | null => (socket?.ready() ? socket : polling?.ready() ? polling : null);

  function after(ms: number, act: () => void): ReturnType<typeof setTimeout> {
    const timer = setTimeout(() => {
      timers.delete(timer);
      act();
    }, ms);
    timers.add(timer);
    return timer;
  }

  function dispatch(event: ChatEvent): void {
    const before = state;
    state = reduce(state, event);
    if (state !== before) changed(state, before);
    if (started) settle();
  }

  /** What a new state asks for: sending, filling a gap, saying what arrived. */
  function settle(): void {
    watchWaiting();
    void pump();
    void fillGap();
    report();
  }

  // ---- the outbox

  async function pump(): Promise<void> {
    const letter = nextToSend(state);
    const through = link();
    if (sending || !letter || !through) return;
    if (adoptOtherTabsToken()) return;
    sending = true;
    // From the first message on the token is kept: a page that is left before the acknowledgement sends the same
    // message again as the same visitor, and it is stored once.
    if (token) memory.write({ token });
    try {
      const answer = await through.send(letter);
      // Trouble on the service's own side says nothing about the message.
      if (!answer.ok && isPassing(answer.error)) throw new Error(answer.error.message);
      if (answer.ok) {
        if (answer.token) keepToken(answer.token);
        forgetUnsent(letter.client_id);
        dispatch({ type: "stored", client_id: letter.client_id, stored: answer });
      } else {
        // What came too fast may go later, even from the next page; what is wrong stays wrong.
        if (answer.error.code !== "rate_limited") forgetUnsent(letter.client_id);
        dispatch({ type: "refused", client_id: letter.client_id, error: answer.error });
        if (answer.error.code === "blocked") hear.refused("blocked");
      }
    } catch {
      // No answer: it may or may not have arrived. The same id goes out again, and counts once.
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    } finally {
      sending = false;
    }
    if (started) settle();
  }

  /** Whatever the reason is, a message that does not get through is said to be not sent, while it is tried on. */
  function watchWaiting(): void {
    for (const { client_id, state: how, late } of state.pending) {
      if (how !== "waiting" || late || since.has(client_id)) continue;
      since.add(client_id);
      after(LATE_MS, () => since.delete(client_id) && dispatch({ type: "late", client_id }));
    }
  }

  function key(): string {
    const kept = memory.read().key ?? randomId();
    memory.write({ key: kept });
    return kept;
  }

  function keepToken(given: string): void {
    token = given;
    memory.write({ token });
  }

  function forgetUnsent(client_id: string): void {
    since.delete(client_id);
    memory.write({ outbox: memory.read().outbox.filter((one) => one.client_id !== client_id) });
  }

  /** Two tabs opened before the first message have a token each; the one that wrote first is who we are. */
  function adoptOtherTabsToken(): boolean {
    const theirs = memory.read().token;
    if (!theirs || theirs === token) return false;
    token = theirs;
    if (polling) restartPolling();
    socket?.reconnect();
    return true;
  }

  function otherTabWrote({ token: theirs, outbox, seen }: Remembered): void {
    if (theirs) adoptOtherTabsToken();
    if (seen && seen.conversation === state.conversation) {
      dispatch({ type: "looked", seq: seen.seq });
      const kept = memory.read().seen;
      if (kept?.conversation === seen.conversation && kept.seq < seen.seq) memory.write({ seen });
    }
    dispatch({ type: "outbox", waiting: outbox });
  }

  // ---- the log

  async function fillGap(): Promise<void> {
    if (syncing || !needsSync(state)) return;
    await catchUp();
    if (needsSync(state)) after(GAP_AGAIN_MS, () => void fillGap());
  }

  /** Asks until nothing more comes. */
  async function catchUp(): Promise<void> {
    const through = link();
    if (!through || syncing) return;
    syncing = true;
    try {
      for (;;) {
        const before = state.log.last;
        const { messages, more, changed, rev } = await through.sync();
        dispatch({ type: "synced", messages, changed, rev });
        if (more === false || messages.length === 0 || state.log.last === before) break;
      }
    } catch {
      return;
    } finally {
      syncing = false;
    }
  }

  function report(): void {
    const through = link();
    if (!through || !state.conversation) return;
    if (told.conversation !== state.conversation) told = { delivered: 0, seen: 0, conversation: state.conversation };
    const arrived = lastFromOthers(state);
    if (arrived > told.delivered) {
      told.delivered = arrived;
      through.tell("delivered", { seq: arrived });
    }
    const seen = Math.min(state.seen, arrived);
    if (seen > told.seen) {
      told.seen = seen;
      through.tell("seen", { seq: seen });
    }
  }

  // ---- the links

  const hear: Hearing = {
    welcome(welcome) {
      stopPolling();
      const kept = memory.read();
      // A verified visitor's conversation is there before anything was said on this device; who agreed to be seen stays
      // the same visitor from page to page.
      if (welcome.token !== token && ((kept.token === token && token) || welcome.conversation || about().watch)) memory.write({ token: welcome.token });
      token = welcome.token;
      told.conversation = null;
      greeted = !welcome.conversation;
      if (welcome.doubt) console.warn(`leadcapture: ${welcome.doubt.message}`);
      dispatch({ type: "welcome", welcome });
      if (kept.seen && kept.seen.conversation === state.conversation) dispatch({ type: "looked", seq: kept.seen.seq });
      dispatch({ type: "link", link: "online" });
      if (welcome.messages.length && welcome.more !== false) void catchUp();
    },
    polled({ messages, more, changed, rev, conversation, status, operator, place, joined, available, reply_time, back_at }) {
      if (!state.welcomed || conversation !== state.conversation) {
        const known = { available: available ?? state.available, reply_time: reply_time ?? state.reply_time, back_at };
        dispatch({ type: "welcome", welcome: { ...known, token: token ?? "", conversation, messages, next: 0, changed, rev } });
      } else {
        dispatch({ type: "synced", messages, changed, rev });
      }
      if (available !== undefined) dispatch({ type: "available", availability: { available, reply_time: reply_time ?? "", back_at } });
      if (conversation && status) {
        const told = { id: conversation, status, operator: operator ?? null, place, joined };
        dispatch({ type: "conversation", conversation: told, now: Date.now() });
      }
      if (more) void catchUp();
      if (state.link !== "polling") {
        // The service answers again: perhaps it was only away, and the socket will do.
        socket?.connect();
        dispatch({ type: "link", link: "polling" });
      }
    },
    message: (message) => dispatch({ type: "message", message, now: Date.now() }),
    changed: (message) => dispatch({ type: "changed", message }),
    conversation(conversation) {
      const { status, place } = state;
      dispatch({ type: "conversation", conversation, now: Date.now() });
      // A question out of the offline form begins a conversation too.
      if (token && !memory.read().token) memory.write({ token });
      const onlyPlace = status === state.status && place !== state.place;
      // What a form has said in it is not told as a message.
      if (greeted && !onlyPlace) void catchUp();
      greeted = true;
    },
    available: (now) => dispatch({ type: "available", availability: now }),
    typing(name) {
      dispatch({ type: "typing", name, now: Date.now() });
      after(6_100, () => dispatch({ type: "quiet", now: Date.now() }));
    },
    theirs: (seen) => dispatch({ type: "theirs", ...seen }),
    down() {
      if (!link() && !isRefused(state)) dispatch({ type: "link", link: state.welcomed ? "down" : "connecting" });
    },
    stranger() {
      token = null;
      memory.write({ token });
    },
    refused(code) {
      if (code !== "blocked") return dispatch({ type: "link", link: "refused" });
      // No use in trying on: the next page asks again.
      socket?.stop();
      stopPolling();
      dispatch({ type: "link", link: "blocked" });
    },
  };

  function socketFailed(times: number): boolean {
    if (times < FAILURES_BEFORE_POLLING) return false;
    if (!polling) void beginPolling();
    if (!link()) dispatch({ type: "link", link: "down" });
    return !!polling;
  }

  /** Where even this cannot be fetched the service is away, and the socket tries on. */
  async function beginPolling(): Promise<void> {
    try {
      byHttp ??= await plain();
    } catch {
      return;
    }
    if (polling || !started || socket?.ready()) return;
    restartPolling();
    socketNowAndThen();
  }

  function socketNowAndThen(): void {
    after(SOCKET_AGAIN_MS, () => {
      if (!polling) return;
      socket?.connect();
      socketNowAndThen();
    });
  }

  function stopPolling(): void {
    polling?.stop();
    polling = null;
  }

  function restartPolling(): void {
    stopPolling();
    polling = byHttp!(where, hear);
  }

  const online = () => {
    if (!socket?.ready()) socket?.connect();
  };

  return {
    state: () => state,
    token: () => token,
    start() {
      if (started) return;
      started = true;
      dispatch({ type: "outbox", waiting: memory.read().outbox });
      forgetTabs = memory.onOtherTab(otherTabWrote);
      forgetPage = watchPage(() => {
        const { page: url, title, timezone, watch } = about();
        if (state.conversation || watch) link()?.tell("page", { url, title, timezone });
      });
      addEventListener("online", online);
      socket = socketLink(where, hear, socketFailed);
      socket.connect();
    },
    stop() {
      started = false;
      socket?.stop();
      stopPolling();
      socket = null;
      forgetTabs();
      forgetPage();
      removeEventListener("online", online);
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
      since.clear();
      previewing = 0;
      dispatch({ type: "link", link: "connecting" });
    },
    send(body, file) {
      const letter = { client_id: randomId(), body: body.trim(), at: Date.now(), file };
      if (!letter.body && !file) return;
      memory.write({ outbox: [...memory.read().outbox, letter] });
      dispatch({ type: "compose", ...letter });
    },
    retry(client_id) {
      const failed = state.pending.find((one) => one.client_id === client_id);
      if (!failed) return;
      const { body, file, late } = failed;
      const { outbox } = memory.read();
      const others = outbox.filter((one) => one.client_id !== client_id);
      if (!late) memory.write({ outbox: [...others, { client_id, body, file, at: Date.now() }] });
      dispatch({ type: "retry", client_id, at: Date.now() });
      if (link()) return;
      socket?.reconnect();
      if (polling) restartPolling();
    },
    typing(text) {
      if (!state.conversation) return;
      typed = text;
      if (preview) previewing ||= after(PREVIEW_EVERY_MS, () => {
        previewing = 0;
        link()?.tell("typing", { text: typed });
      });
      else if (Date.now() - typedAt >= TYPING_EVERY_MS) {
        typedAt = Date.now();
        link()?.tell("typing", {});
      }
    },
    async ask<T>(event: VisitorEvent, payload: object = {}): Promise<Ack<T>> {
      const through = link();
      if (!through) throw new Error("no link");
      return through.ask<T>(event, payload);
    },
    async identified() {
      const { identity } = about();
      const through = link();
      // Whoever has no link yet says it when it comes.
      if (!identity || !through) return null;
      const answer = await through.ask<{ token: string }>("identify", identity);
      if (!answer.ok) return answer.error.message;
      if (answer.token === token) return null;
      if (memory.read().token || state.conversation) memory.write({ token: answer.token });
      token = answer.token;
      if (polling) restartPolling();
      socket?.reconnect();
      return null;
    },
    known: (given) => void (token = given),
    key,
    looked() {
      const seq = lastFromOthers(state);
      if (!state.conversation || seq <= state.seen) return;
      memory.write({ seen: { conversation: state.conversation, seq } });
      dispatch({ type: "looked", seq });
    },
  };
}

const isRefused = ({ link }: ChatState): boolean => link === "refused" || link === "blocked";
