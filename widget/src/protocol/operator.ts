/** What is said between the inbox and the service. */

import type { AuthorKind, ConversationStatus, Iso, OperatorMessageKind } from "../protocol";
import type { Message } from "./visitor";

export interface Summary {
  id: string;
  site: { key: string; name: string };
  status: ConversationStatus;
  kind: "chat" | "question";
  visitor: {
    id: string;
    name: string;
    email: string | null;
    email_confirmed: boolean | null;
    language: string;
    page: string;
    /** Who it is on the host site, proven. */
    user_id: string | null;
    device: string;
  };
  operator: { id: string; name: string } | null;
  /** What was said last; without a body it was deleted, or is a file alone. */
  last: { body: string; at: Iso; author: AuthorKind; deleted?: boolean; file?: boolean } | null;
  last_seq: number;
  unread: number;
  waiting_since: Iso | null;
  created_at: Iso;
  /** When something happened last: the order of lists. */
  active_at: Iso;
  seen: { visitor: number; operator: number };
  delivered: { visitor: number; operator: number };
  rating: { stars: number; comment: string } | null;
  contact: string | null;
  tags: string[];
  snoozed_until: Iso | null;
  missed: boolean;
  /** Set apart because it looks like spam; why, in codes, and what a person has decided (null: nobody has). */
  held: boolean;
  held_why: string[];
  spam: boolean | null;
  /** How loudly the team was told: 0 not yet, 1 everybody, 2 by e-mail. */
  escalation: number;
  blocked: boolean;
  subject: string;
  verified: boolean;
  joined: string[];
  rev: number;
}

export interface OperatorMessage extends Omit<Message, "seq"> {
  seq: number | null;
  kind: OperatorMessageKind;
  after_seq: number;
  /** Whose it is; null for what visitors and the system say. */
  operator?: string | null;
}

/** A page that somebody looks or looked at, since that time. */
export interface PageSeen {
  url: string;
  title: string;
  at: Iso;
}

/** What `about` answers: everything that is known of a conversation's visitor. Nothing of it is certain but `verified`,
    what was confirmed by mail, and the times. */
export interface Known {
  visitor: string;
  since: Iso;
  seen_at: Iso;
  language: string;
  /** IANA's name of the zone, "" where it is not known. */
  timezone: string;
  device: string;
  visits: number;
  referrer: string;
  utm: Record<string, string>;
  /** Who the host site has proven it is. */
  verified: { user_id: string; name?: string; email?: string; at: Iso | null } | null;
  answers: { label: string; value: string }[];
  blocked_until: Iso | null;
  /** The page that is open now. */
  page: PageSeen | null;
  pages: PageSeen[];
  conversations: { id: string; status: ConversationStatus; at: Iso; last_at: Iso; subject: string; begins: string }[];
  contact: {
    id: string;
    name: string;
    email: string;
    phone: string;
    status: string;
    confirmed_at: Iso;
    consents: { purpose: string; statement: string; action: "grant" | "withdraw"; at: Iso; holds: boolean }[];
    submissions?: { title: string; kind: string; at: Iso; confirmed_at: Iso | null }[];
  } | null;
}

/** A visitor who is on a site now, and chats or agreed to be seen. */
export interface Person {
  id: string;
  site: { key: string; name: string };
  name: string;
  verified: boolean;
  page: PageSeen;
  language: string;
  timezone: string;
  device: string;
  referrer: string;
  conversation: string | null;
  tabs: number;
}

export interface OperatorHere {
  id: string;
  name: string;
  /** What they chose: to be asked or not. */
  available: boolean;
  here: boolean;
  /** Connected, but nobody has touched any of their pages for long. */
  idle: boolean;
  /** Conversations they have at once. */
  load: number;
}

export interface Presence {
  operators: OperatorHere[];
  available: boolean;
  me: { id: string; name: string; available: boolean; idle: boolean };
  /** Seconds without a touch after which one counts as away; null: never. */
  idle_after: number | null;
}

/** Somebody waits too long: 1, everybody of the site is told; 2, its operators got an e-mail. */
export interface Escalation {
  conversation: string;
  level: 1 | 2;
}

export interface Queue {
  conversations: Summary[];
  more: boolean;
  /** Where the next page begins. */
  cursor?: string | null;
}
