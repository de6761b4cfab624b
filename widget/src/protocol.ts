// The wire shapes between browser and service. A test on the server's side reads the const lists below
// and holds them equal to its own; change both or neither.

export const VISITOR_EMITS = [
  "message", "typing", "seen", "delivered", "sync", "end", "rate", "identify", "page", "answers", "transcript",
] as const;
export const VISITOR_HEARS = [
  "welcome", "message", "changed", "typing", "seen", "delivered", "conversation", "available",
] as const;
export const OPERATOR_EMITS = [
  "presence", "idle", "take", "message", "typing", "seen", "delivered", "close", "assign", "join", "sync", "list",
  "counts", "search", "save_view", "drop_view", "snooze", "tag", "bulk", "canned", "edit", "delete", "block",
  "unblock", "mentioned", "mention_seen", "about", "people", "approach",
] as const;
export const OPERATOR_HEARS = [
  "queue", "conversation", "message", "changed", "typing", "presence", "beat", "escalation", "mention", "counts",
  "person", "gone",
] as const;
export const CONVERSATION_STATUSES = ["waiting", "active", "unanswered", "closed"] as const;
export const AUTHOR_KINDS = ["visitor", "operator", "system"] as const;
export const OPERATOR_MESSAGE_KINDS = ["reply", "note", "question", "system"] as const;
export const SUBMISSION_STATUSES = ["pending", "confirmed", "expired"] as const;
export const FIELD_TYPES = [
  "text", "email", "tel", "textarea", "checkbox", "select", "number", "hidden", "radio", "checks", "date", "range", "stars",
] as const;
export const ERROR_CODES = [
  "bad_request", "too_long", "rate_limited", "not_found", "taken", "closed", "unauthorized", "blocked", "too_large",
  "not_allowed",
] as const;

/** Characters in one message, counted as the server counts them (code points). */
export const MESSAGE_LIMIT = 4000;

export type ConversationStatus = (typeof CONVERSATION_STATUSES)[number];
export type AuthorKind = (typeof AUTHOR_KINDS)[number];
export type OperatorMessageKind = (typeof OPERATOR_MESSAGE_KINDS)[number];
export type SubmissionStatus = (typeof SUBMISSION_STATUSES)[number];
export type FieldType = (typeof FIELD_TYPES)[number];
export type ErrorCode = (typeof ERROR_CODES)[number];

/** An aware UTC time as ISO 8601 with a trailing Z. */
export type Iso = string;

export interface WireError {
  code: ErrorCode | string;
  message: string;
  fields?: Record<string, string[]>;
  by?: { name: string };
}
export type Refusal = { ok: false; error: WireError };
export type Ack<T> = ({ ok: true } & T) | Refusal;

// ---- chat, the visitor's side -------------------------------------------------------------------------------

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

// ---- chat, the operator's side ------------------------------------------------------------------------------

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

// ---- forms --------------------------------------------------------------------------------------------------

export interface Field {
  name: string;
  type: FieldType;
  label: string;
  help: string | null;
  required: boolean;
  /** Nothing says that it may be left empty, though it may. */
  unmarked: boolean;
  autocomplete: string | null;
  inputmode: string | null;
  maxlength: number | null;
  options: { value: string; label: string }[] | null;
  /** What stands in the field at first; a list for checks. */
  value: string | string[] | null;
  min: string | null;
  max: string | null;
  step: string | null;
  /** What a number counts: stands after the control. */
  unit: string | null;
  /** The parameter of the page's address that a hidden field is filled from. */
  param: string | null;
  /** Shown while that field has one of these values; `null`: any value. */
  show_if: { field: string; values: string[] | null } | null;
}

export interface Statement {
  purpose: string;
  statement: string;
  version: number | string;
}

/** An ALTCHA v1 challenge: find `number` so that SHA-256(salt + number) is `challenge`. */
export interface Challenge {
  algorithm: string;
  challenge: string;
  maxnumber: number;
  salt: string;
  signature: string;
}

export interface Descriptor {
  slug: string;
  kind: string;
  version: number;
  title: string;
  intro: string;
  button: string;
  lang: string;
  dir: "ltr" | "rtl";
  privacy_url: string | null;
  fields: Field[];
  consents: (Statement & { required: boolean })[];
  notice: Statement | null;
  consent: Statement | null;
  honeypot: string;
  /** What the kind's own module needs; public, in the form's language. */
  data: Record<string, unknown> | null;
  /** The path of the kind's own module, which exports `enhance`. */
  module: string | null;
  /** Why the form takes nothing now. */
  closed: string | null;
  /** Whether the server can work something out from the fields without anything being sent. */
  compute: boolean;
  /** Whether there is more to it than the loader can paint. */
  rich: boolean;
  challenge?: Challenge;
}

/** What a kind's own module exports: it works on the painted form, wherever that stands, and needs no network. */
export interface KindModule {
  enhance(form: HTMLFormElement, descriptor: Descriptor): void | (() => void);
}

export interface Accepted {
  status: "confirmation_sent" | "done";
  submission?: string;
  poll_token?: string;
  message?: string;
  result?: FormResult | null;
}

/** What a person gets in the end, or what was worked out; empty parts are left out. */
export interface FormResult {
  title?: string;
  text?: string;
  /** Items and what each comes to. */
  rows?: { label: string; value: string }[];
  total?: { label: string; value: string } | null;
  /** To be copied. */
  code?: string;
  links?: { label: string; url: string }[];
  /** Small print. */
  note?: string;
}

export interface SubmissionState {
  status: SubmissionStatus;
  result: FormResult | null;
}

// ---- configuration ------------------------------------------------------------------------------------------

/** What the server writes into the loader in place of `__LEADCAPTURE_CONFIG__`. */
export interface LoaderConfig {
  base: string;
  site: string;
  name: string;
  lang: string;
  accent: string;
  accentText: string;
  position: "end" | "start";
  available: boolean;
  panel: string;
  /** The path of the module that paints and runs forms. */
  forms_module: string;
  launcher: Record<string, string>;
  forms: Record<string, Descriptor>;
  /** The path of the module that shows `placed`; where no form shows itself, none of these is there. */
  placement?: string;
  placed?: Placed[];
  /** Seconds until the first of them may show itself when the person does nothing; else it waits for an act. */
  wait?: number;
  /** There are more of them than the loader could carry: the site's configuration has all. */
  more?: boolean;
  /** The site wants to see visitors who agree to it. */
  watch?: true;
}

/** A form that shows itself by itself, or a bubble that invites to the chat, and when: at the first of its moments, where
    all else fits. */
export interface Placed {
  slug: string;
  where: "popup" | "slide" | "bar" | "invitation";
  /** What an invitation says, in the language asked for, and who; the site's configuration has it. */
  text?: string;
  name?: string;
  /** Seconds on the page. */
  delay?: number;
  /** Percent of the page scrolled down. */
  scroll?: number;
  exit?: boolean;
  after_chat?: boolean;
  /** From which visit on. */
  visits?: number;
  /** Patterns of pages (placement/pattern.ts). */
  urls?: string[];
  not_urls?: string[];
  /** Days between two times (7 where not said), and how many times at most (3). */
  every_days?: number;
  most?: number;
  starts?: Iso;
  ends?: Iso;
}

/** GET /v1/SITE_KEY/config */
export interface SiteConfig {
  site: string;
  name: string;
  lang: string;
  dir: "ltr" | "rtl";
  accent: string;
  accent_text: string;
  position: "end" | "start";
  privacy_url: string | null;
  strings: Record<string, string>;
  /** The path of the module that paints and runs forms. */
  forms_module: string;
  /** What is published; `menu`: offered in the chat. */
  forms: { slug: string; kind: string; title: string; menu: boolean }[];
  placed: Placed[];
  offline_form: string | null;
  chat: Availability & {
    files: { max_mb: number; accept: string[] } | null;
    preview_typing: boolean;
    pre_chat: PreChatQuestion[];
    phone: string;
    /** The form that has the conversation mailed. */
    transcript_form: string | null;
    /** Operators see who is on the site, where the page said that the visitor agreed. */
    watch: boolean;
  };
}

export interface PreChatQuestion {
  name: string;
  label: string;
  required: boolean;
  choices: string[] | null;
}
