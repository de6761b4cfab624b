// What the log shows, in order: the numbered messages, then what is on its way.
import { delivery, type Arrival, type ChatState, type Delivery } from "../chat/state";
import type { AuthorKind, ChatFile } from "../protocol";

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
  /** What the service said about the error. */
  said: string | null;
  file: ChatFile | null;
  deleted: boolean;
  edited: boolean;
  /** Somebody of the team came: a line of its own. */
  arrival?: Arrival;
}

const PLAIN = { file: null, deleted: false, edited: false, error: null, said: null };

export function entriesOf(state: ChatState): Entry[] {
  const entries: Entry[] = [];
  const arrivals = [...state.arrivals];
  const arrive = (before: number) => {
    while (arrivals.length && arrivals[0]!.afterSeq < before) {
      const arrival = arrivals.shift()!;
      const { name, at, afterSeq } = arrival;
      const key = `arrival ${at} ${name}`;
      entries.push({ ...PLAIN, key, author: "system", name, body: "", at, seq: afterSeq, client_id: null, state: null, arrival });
    }
  };
  for (const { id, client_id, seq, author, body, at, file, deleted, edited_at } of state.log.messages) {
    arrive(seq);
    entries.push({
      ...PLAIN,
      // A message keeps its key when it gets its number: the row stays the same element.
      key: (author.kind === "visitor" && client_id) || id,
      author: author.kind,
      name: author.name,
      body,
      at,
      seq,
      client_id,
      state: author.kind === "visitor" ? delivery(state, seq) : null,
      file: file ?? null,
      deleted: !!deleted,
      edited: !!edited_at && !deleted,
    });
  }
  arrive(Infinity);
  const onTheWay = state.pending.map(({ client_id, body, at, state: how, error, said, late, file }): Entry => ({
    ...PLAIN,
    key: client_id,
    author: "visitor",
    name: null,
    body,
    at,
    seq: null,
    client_id,
    state: how === "stored" ? "sent" : late ? "failed" : how,
    error: late ? "late" : (error ?? null),
    said: said ?? null,
    file: file ?? null,
  }));
  return [...entries, ...onTheWay];
}
