// One conversation's messages in the only order there is: seq 1, 2, 3 … without a gap. What comes early is held back
// until what lies between was fetched; what comes twice is dropped.

interface Numbered {
  seq: number;
}

export interface Log<M extends Numbered> {
  /** Complete up to here: the last seq that is shown. */
  last: number;
  messages: readonly M[];
  /** Came beyond a gap, by rising seq. */
  held: readonly M[];
}

export const emptyLog = <M extends Numbered>(): Log<M> => ({ last: 0, messages: [], held: [] });

/** The log with these taken in; the very same object where nothing was new. */
export function receive<M extends Numbered>(log: Log<M>, incoming: readonly M[]): Log<M> {
  const fresh = incoming.filter(({ seq }) => seq > log.last && !log.held.some((one) => one.seq === seq));
  if (fresh.length === 0) return log;
  const bySeq = new Map([...log.held, ...fresh].map((message) => [message.seq, message]));
  const messages = [...log.messages];
  let last = log.last;
  for (let next = bySeq.get(last + 1); next; next = bySeq.get(last + 1)) {
    messages.push(next);
    bySeq.delete(++last);
  }
  return { last, messages, held: [...bySeq.values()].sort((a, b) => a.seq - b.seq) };
}

/** Whether something between is missing and must be asked for. */
export const hasGap = (log: Log<Numbered>): boolean => log.held.length > 0;

/** The log with one of its messages as it is now; the very same object where it is not here. */
export function replace<M extends Numbered>(log: Log<M>, now: M): Log<M> {
  const put = (list: readonly M[]) => list.map((one) => (one.seq === now.seq ? now : one));
  if (![...log.messages, ...log.held].some(({ seq }) => seq === now.seq)) return log;
  return { ...log, messages: put(log.messages), held: put(log.held) };
}
