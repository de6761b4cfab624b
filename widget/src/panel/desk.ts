// What every part of the panel may read and do.
import type { Connection } from "../chat/contract";
import type { Memory } from "../chat/memory";
import type { FormsModule } from "../forms/main";
import type { Words } from "../i18n/words";
import type { EventName, Identity } from "../loader/bridge";
import type { SiteConfig } from "../protocol";
import type { MoreModule } from "./more/main";
import type { Uploads } from "./more/uploads";

export type View = { kind: "chat" } | { kind: "menu" } | { kind: "form"; slug: string };

export interface Desk {
  t: Words;
  lang: string;
  base: string;
  config: SiteConfig;
  chat: Connection;
  memory: Memory;
  /** The module of forms, fetched once it is needed. */
  forms(): Promise<FormsModule>;
  /** What not every visitor needs, fetched likewise; `more.there` once it has come. */
  more: (() => Promise<MoreModule>) & { there?: MoreModule };
  open: boolean;
  /** Opened by a page change, not by the person: the focus stays where it is. */
  quietly?: boolean;
  /** What the person was invited by. */
  invited?: { name: string; text: string };
  view: View;
  identity: Identity;
  draft: string;
  saveDraft(text: string): void;
  /** What was typed into a form of the panel and not sent, over a change of page; `null` forgets it. */
  keepForm(slug: string, values: Record<string, string> | null): void;
  /** Files that are being sent up; none before the first. */
  uploads: Uploads | null;
  /** Begins to send files up; rejects where that part of the panel cannot be fetched. */
  attach(files: Iterable<File>): Promise<void>;
  show(view: View): void;
  close(): void;
  redraw(): void;
  emit(event: EventName, data?: object): void;
}
