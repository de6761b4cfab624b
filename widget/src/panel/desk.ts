// What every part of the panel may read and do.
import type { Connection } from "../chat/connection";
import type { FormsModule } from "../forms/main";
import type { Words } from "../i18n/words";
import type { EventName, Identity } from "../loader/bridge";
import type { SiteConfig } from "../protocol";

export type View = { kind: "chat" } | { kind: "menu" } | { kind: "form"; slug: string };

export interface Desk {
  t: Words;
  lang: string;
  base: string;
  config: SiteConfig;
  chat: Connection;
  /** The module of forms, fetched once it is needed. */
  forms(): Promise<FormsModule>;
  open: boolean;
  /** Opened by a page change, not by the person: the focus stays where it is. */
  quietly?: boolean;
  view: View;
  identity: Identity;
  draft: string;
  saveDraft(text: string): void;
  show(view: View): void;
  close(): void;
  emit(event: EventName, data?: object): void;
}
