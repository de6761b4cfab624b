// The link by Socket.IO over WebSocket.
import { io } from "socket.io-client";
import type { Ack, Availability, Conversation, Message, Stored, Synced, VisitorAuth, Welcome } from "../protocol";
import { COMING_BACK } from "./backoff";
import type { Hearing, Link, Whereabouts } from "./link";

const ACK_MS = 5_000;
const PAUSE_MS = 2_000;
const LOST_ACKS = 2;
const REFUSALS = ["not_found", "unauthorized", "forbidden", "wrong_origin", "bad_request", "blocked"];

export interface SocketLink extends Link {
  /** Tries now, not at the end of the pause. */
  connect(): void;
  /** Comes back under another token. */
  reconnect(): void;
}

/** `failed` hears how many tries in a row brought no connection, and answers whether to rest until `connect`. */
export function socketLink(where: Whereabouts, hear: Hearing, failed: (times: number) => boolean): SocketLink {
  const { origin, pathname } = new URL(where.base, location.href);
  const auth = (): VisitorAuth => ({
    ...where.about(),
    site: where.site,
    token: where.token() ?? undefined,
    after_seq: where.last(),
    after_rev: where.rev(),
    lang: where.lang,
  });
  const socket = io(`${origin}/visitor`, {
    path: `${pathname.replace(/\/$/, "")}/socket.io`,
    transports: ["websocket"],
    ...COMING_BACK,
    timeout: 3_500,
    forceNew: true,
    autoConnect: false,
    auth: (give) => give(auth()),
  });
  let failures = 0;
  let lostAcks = 0;
  let welcomed = false;
  let stopped = false;

  const connect = () => {
    if (!stopped) socket.connect();
  };

  socket.on("welcome", (welcome: Welcome) => {
    failures = lostAcks = 0;
    welcomed = true;
    hear.welcome(welcome);
  });
  socket.on("message", (message: Message) => hear.message(message));
  socket.on("changed", (message: Message) => hear.changed(message));
  socket.on("conversation", (conversation: Conversation) => hear.conversation(conversation));
  socket.on("available", (availability: Availability) => hear.available(availability));
  socket.on("typing", ({ name }: { name: string }) => hear.typing(name));
  socket.on("seen", ({ seq }: { seq: number }) => hear.theirs({ seen: seq }));
  socket.on("delivered", ({ seq }: { seq: number }) => hear.theirs({ delivered: seq }));
  socket.on("disconnect", (reason) => {
    welcomed = false;
    hear.down();
    // After a polite goodbye Socket.IO does not come back by itself.
    if (reason === "io server disconnect") setTimeout(connect, PAUSE_MS * (0.5 + Math.random()));
  });
  socket.on("connect_error", (error) => {
    welcomed = false;
    if (!socket.active && REFUSALS.includes(error.message)) {
      hear.refused(error.message);
      return;
    }
    hear.down();
    if (failed(++failures)) {
      socket.disconnect();
      return;
    }
    if (!socket.active) setTimeout(connect, PAUSE_MS * (0.5 + Math.random()));
  });

  /** A line that swallows acknowledgements is dead, whatever it says of itself. */
  function swallowed(): void {
    if (++lostAcks < LOST_ACKS) return;
    lostAcks = 0;
    socket.io.engine?.close();
  }

  async function ask<T>(event: string, payload: object): Promise<T> {
    try {
      const answer = (await socket.timeout(ACK_MS).emitWithAck(event, payload)) as T;
      lostAcks = 0;
      return answer;
    } catch (reason) {
      if (socket.connected) swallowed();
      throw reason;
    }
  }

  return {
    send: ({ client_id, body, file }) =>
      ask<Ack<Stored>>("message", { client_id, body, file: file?.id, page: location.href }),
    async sync() {
      const answer = await ask<Ack<Synced>>("sync", { after_seq: where.last(), after_rev: where.rev() });
      if (!answer.ok) throw new Error(answer.error.code);
      return answer;
    },
    ask,
    tell: (event, payload) => {
      if (welcomed) socket.emit(event, payload);
    },
    ready: () => welcomed,
    connect,
    reconnect() {
      welcomed = false;
      socket.disconnect().connect();
    },
    stop() {
      stopped = true;
      socket.removeAllListeners();
      // A browser writes an error into the page's console for a line that is cut before it stands.
      if (socket.io.engine?.readyState === "opening") {
        socket.io.reconnection(false);
        socket.io.once("open", () => socket.disconnect());
      } else socket.disconnect();
    },
  };
}
