// What the panel may ask of its connection, and what it gives to it.
import type { Ack, Availability, ChatFile } from "../protocol";
import type { VisitorEvent, Whereabouts } from "./link";
import type { Memory } from "./memory";
import type { pollingLink } from "./polling";
import type { ChatState } from "./state";

export interface Connection {
  state(): ChatState;
  token(): string | null;
  start(): void;
  stop(): void;
  send(body: string, file?: ChatFile): void;
  retry(client_id: string): void;
  typing(text: string): void;
  /** The acknowledgement of an event; rejects where none comes. */
  ask<T>(event: VisitorEvent, payload?: object): Promise<Ack<T>>;
  /** Who the visitor is on the page's own site became known; answers why it was not believed, or null. */
  identified(): Promise<string | null>;
  /** The service gave this visitor a token by another way, or the key to get one by. */
  known(token: string): void;
  key(): string;
  /** The visitor sees the log up to its end. */
  looked(): void;
}

export interface ConnectionOptions {
  base: string;
  site: string;
  lang: string;
  availability: Availability;
  memory: Memory;
  /** What is said of the page and of who looks at it. */
  about: Whereabouts["about"];
  /** What is typed is shown to the operators before it is sent. */
  preview: boolean;
  /** The link by plain HTTP, which few need; rejects where it cannot be fetched. */
  plain(): Promise<typeof pollingLink>;
  changed(state: ChatState, before: ChatState): void;
}
