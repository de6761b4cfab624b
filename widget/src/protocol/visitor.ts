/** What is said between the panel and the service. */

import type { AuthorKind, ConversationStatus, Iso, WireError } from "../protocol";

export interface Message {
  id: string;
  client_id: string | null;
  seq: number;
  conversation: string;
  author: { kind: AuthorKind; name: string | null };
  body: string;
  at: Iso;
  file?: ChatFile | null;
  /** Its place among what was edited or deleted; null while it is as it was written. */
  rev?: number | null;
  edited_at?: Iso | null;
  /** Then there is no body and no file. */
  deleted?: boolean;
  by_email?: boolean;
}

/** The addresses are paths of the service, signed. */
export interface ChatFile {
  id: string;
  name: string;
  size: number;
  type: string;
  url: string;
  thumb: { url: string; width: number; height: number } | null;
}

export interface Conversation {
  id: string;
  status: ConversationStatus;
  operator: { name: string } | null;
  /** In the queue, while the visitor waits. */
  place?: number | null;
  /** Who else of the team is in it. */
  joined?: string[];
}

export interface Availability {
  available: boolean;
  reply_time: string;
  /** When the site opens again; null while it is open, or where nobody can say. */
  back_at?: Iso | null;
}

/** What a host site says of a visitor who is signed in there, with its proof. */
export type Identity = { user_id: string; hash: string } | { jwt: string };

export interface VisitorAuth {
  site: string;
  token?: string;
  after_seq?: number;
  after_rev?: number;
  page?: string;
  title?: string;
  referrer?: string;
  timezone?: string;
  utm?: Record<string, string>;
  visits?: number;
  identity?: Identity;
  /** The visitor agreed to be seen. */
  watch?: boolean;
  answers?: Record<string, string>;
  lang?: string;
}

export interface Welcome extends Availability {
  token: string;
  conversation: string | null;
  messages: Message[];
  next: number;
  more?: boolean;
  /** What was edited or deleted since the `after_rev` that was asked for, and the newest rev. */
  changed?: Message[];
  rev?: number;
  place?: number | null;
  /** Why the proof of who the visitor is was not believed. */
  doubt?: WireError | null;
}

export interface Stored {
  id: string;
  conversation: string;
  seq: number;
  at: Iso;
  token?: string;
}

export interface Synced {
  messages: Message[];
  next: number;
  /** Whether there is a further part; where it is not said, one asks until nothing comes. */
  more?: boolean;
  changed?: Message[];
  rev?: number;
}

/** What the waiting GET of the HTTP twin answers. */
export interface Polled extends Synced, Partial<Availability> {
  conversation: string | null;
  status?: ConversationStatus | null;
  operator?: { name: string } | null;
  place?: number | null;
  joined?: string[];
}
