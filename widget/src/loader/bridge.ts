// What the loader and the panel know of each other: the loader is on every page, the panel comes when somebody acts.
import type { Descriptor, LoaderConfig } from "../protocol";

export type EventName = "open" | "close" | "message" | "form_sent" | "confirmed";

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
  /** Shows on the launcher whether the panel is open and how many messages wait unread. */
  launch(open: boolean, unread: number): void;
  /** Says a sentence beside the launcher; an empty one takes it away. */
  say(sentence: string): void;
  emit(event: EventName, data?: object): void;
}

export interface Panel {
  open(slug?: string): void;
  close(): void;
  identified(): void;
  /** Takes over a form that the loader painted; `submit` when the person had pressed the button already. */
  engage(form: HTMLFormElement, descriptor: Descriptor, submit: boolean): void;
  stop(): void;
}

/** What the panel's module exports. */
export interface PanelModule {
  mount(bridge: Bridge): Promise<Panel>;
}

/** Where a site's conversation is kept in localStorage. */
export const memoryKey = (site: string): string => `leadcapture:${site}`;
