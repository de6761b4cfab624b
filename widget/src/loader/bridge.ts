// What the loader and the panel know of each other: the loader is on every page, the panel comes when somebody acts.
import type { Descriptor, LoaderConfig } from "../protocol";

export type EventName = "open" | "close" | "message" | "form_sent" | "confirmed" | "chat_ended";

export interface Identity {
  name?: string;
  email?: string;
  [field: string]: string | undefined;
}

export interface Bridge {
  config: LoaderConfig;
  lang: string;
  /** The shadow root that holds the launcher; the panel draws itself into it. */
  root: ShadowRoot;
  launcher: HTMLButtonElement;
  identity: Identity;
  /** The page said that the visitor agreed. */
  consented?: boolean;
  /** What the person was invited by, who opened the chat by that. */
  invited?: { name: string; text: string };
  /** A conversation goes on. */
  talking?: boolean;
  /** When the snippet began its work, in milliseconds since the page was opened. */
  began: number;
  /** Whether the panel is open, and how many messages wait unread. */
  open: boolean;
  unread: number;
  /** Shows on the launcher whether the panel is open and how many messages wait unread. */
  launch(open: boolean, unread: number): void;
  /** Says a sentence beside the launcher; an empty one takes it away. */
  say(sentence: string): void;
  emit(event: EventName, data?: object): void;
  /** Calls back on an event; returns a function that ends this. */
  on(event: EventName, listener: (data: object) => void): () => void;
}

export interface Panel {
  open(slug?: string): void;
  close(): void;
  /** More is known of the visitor, or the visitor agreed to be seen. */
  identified(): void;
  /** Takes over a form that stands in the page. */
  engage(form: HTMLFormElement, descriptor: Descriptor): Promise<{ submit(): void }>;
  stop(): void;
}

/** What the panel's module exports. */
export interface PanelModule {
  mount(bridge: Bridge): Promise<Panel>;
}

/** What the module of forms that show themselves exports; `mount` returns a function that takes all away. */
export interface PlacementModule {
  mount(bridge: Bridge): () => void;
}

/** Where a site's conversation is kept in localStorage; what is remembered of forms that showed themselves has `:forms`
    behind it. */
export const memoryKey = (site: string): string => `leadcapture:${site}`;

/** What the page told of its visitor, as values of fields. */
export const known = (identity: Identity): Record<string, string> =>
  Object.fromEntries(Object.entries(identity).filter((entry): entry is [string, string] => typeof entry[1] === "string"));
