// What the log shows, in order: the numbered messages, then what is on its way.
import { delivery, type ChatState, type Delivery } from "../chat/state";
import type { AuthorKind } from "../protocol";

export interface Entry {
  key: string;
  author: AuthorKind;
  name: string | null;
  body: string;
  at: number | string;
  seq: number | null;
  client_id: string | null;
  /** How far a message of the visitor has come; null for those of others. */
  state: Delivery | null;
  error: string | null;
}

export function entriesOf(state: ChatState): Entry[] {
  const numbered = state.log.messages.map(({ id, client_id, seq, author, body, at }): Entry => ({
    // A message keeps its key when it gets its number: the row stays the same element.
    key: (author.kind === "visitor" && client_id) || id,
    author: author.kind,
    name: author.name,
    body,
    at,
    seq,
    client_id,
    state: author.kind === "visitor" ? delivery(state, seq) : null,
    error: null,
  }));
  const onTheWay = state.pending.map(({ client_id, body, at, state: how, error }): Entry => ({
    key: client_id,
    author: "visitor",
    name: null,
    body,
    at,
    seq: null,
    client_id,
    state: how === "stored" ? "sent" : how,
    error: error ?? null,
  }));
  return [...numbered, ...onTheWay];
}
