// One way to reach the service: a socket (socket.ts) or plain HTTP (polling.ts). The connection chooses.
import type { Ack, Availability, Conversation, Message, Stored, Synced, Welcome, Polled } from "../protocol";

export interface Letter {
  client_id: string;
  body: string;
}

export interface Link {
  /** The acknowledgement; rejects when none came in time. */
  send(letter: Letter): Promise<Ack<Stored>>;
  /** Everything after a seq, or its first part. */
  sync(after: number): Promise<Synced>;
  /** Says something that needs no answer; lost without harm. */
  tell(event: "typing" | "seen" | "delivered", payload: object): void;
  /** Whether messages may be sent now. */
  ready(): boolean;
  stop(): void;
}

export interface Hearing {
  welcome(welcome: Welcome): void;
  polled(polled: Polled): void;
  message(message: Message): void;
  conversation(conversation: Conversation): void;
  available(availability: Availability): void;
  typing(name: string): void;
  theirs(seen: { delivered?: number; seen?: number }): void;
  /** A try failed or the line went; the link goes on trying by itself. */
  down(): void;
  /** The service does not know our token any more; the next message makes us known again. */
  stranger(): void;
  /** The service does not want this page. */
  refused(): void;
}

export interface Whereabouts {
  base: string;
  site: string;
  lang: string;
  /** The visitor's token, once there is one. */
  token(): string | null;
  /** The last seq we have. */
  last(): number;
}
