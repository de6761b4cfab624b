// One way to reach the service: a socket (socket.ts) or plain HTTP (polling.ts). The connection chooses.
import type {
  Ack, Availability, ChatFile, Conversation, Identity, Message, Polled, Stored, Synced, VISITOR_EMITS, Welcome,
} from "../protocol";
import type { PageFacts } from "./page";

export interface Letter {
  client_id: string;
  body: string;
  file?: ChatFile;
}

export type VisitorEvent = (typeof VISITOR_EMITS)[number];

export interface Link {
  /** The acknowledgement; rejects when none came in time. */
  send(letter: Letter): Promise<Ack<Stored>>;
  /** Everything after what we have, or its first part. */
  sync(): Promise<Synced>;
  /** The acknowledgement of another event; rejects when none came in time. */
  ask<T>(event: VisitorEvent, payload: object): Promise<Ack<T>>;
  /** Says something that needs no answer; lost without harm. */
  tell(event: "typing" | "seen" | "delivered" | "page", payload: object): void;
  /** Whether messages may be sent now. */
  ready(): boolean;
  stop(): void;
}

export interface Hearing {
  welcome(welcome: Welcome): void;
  polled(polled: Polled): void;
  message(message: Message): void;
  changed(message: Message): void;
  conversation(conversation: Conversation): void;
  available(availability: Availability): void;
  typing(name: string): void;
  theirs(seen: { delivered?: number; seen?: number }): void;
  /** A try failed or the line went; the link goes on trying by itself. */
  down(): void;
  /** The service does not know our token any more; the next message makes us known again. */
  stranger(): void;
  /** The service does not want this page, or, for a time, this visitor. */
  refused(code: string): void;
}

export interface Whereabouts {
  base: string;
  site: string;
  lang: string;
  /** The visitor's token, once there is one. */
  token(): string | null;
  /** What a first message without a token is recognised by when it is sent again. */
  key(): string;
  /** The last seq we have, and the rev up to which edits are known. */
  last(): number;
  rev(): number;
  /** Of the page, and who the visitor is on it. */
  about(): PageFacts & { identity?: Identity; watch: boolean };
}
