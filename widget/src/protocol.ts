// The wire shapes between browser and service. A test on the server's side reads the const lists below
// and holds them equal to its own; change both or neither.

export type * from "./protocol/config";
export type * from "./protocol/forms";
export type * from "./protocol/operator";
export type * from "./protocol/visitor";

export const VISITOR_EMITS = [
  "message", "typing", "seen", "delivered", "sync", "end", "rate", "identify", "page", "answers", "transcript",
] as const;
export const VISITOR_HEARS = [
  "welcome", "message", "changed", "typing", "seen", "delivered", "conversation", "available",
] as const;
export const OPERATOR_EMITS = [
  "presence", "idle", "take", "message", "typing", "seen", "delivered", "close", "assign", "join", "sync", "list",
  "counts", "search", "save_view", "drop_view", "snooze", "tag", "bulk", "canned", "edit", "delete", "block",
  "unblock", "release", "spam", "mentioned", "mention_seen", "about", "people", "approach",
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
  "not_allowed", "unavailable",
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
  /** Seconds to wait, when something came too often. */
  retry_after?: number;
}
/** Trouble on the service's own side, which passes: it says nothing about what was sent. */
export const isPassing = ({ code }: WireError): boolean => code === "unavailable" || code === "error";

export type Refusal = { ok: false; error: WireError };
export type Ack<T> = ({ ok: true } & T) | Refusal;
