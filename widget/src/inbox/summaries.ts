// What the inbox knows of conversations as a whole, as pure steps from one state to the next.
import type { Summary } from "../protocol";
import type { State } from "./state";

export function withSummaries(state: State, summaries: Summary[]): State {
  if (summaries.length === 0) return state;
  const conversations = { ...state.conversations };
  for (const summary of summaries) conversations[summary.id] = newer(conversations[summary.id], summary);
  return { ...state, conversations };
}

// Two events can overtake each other on their way: what has been seen or delivered never becomes less, and a summary
// that knows fewer messages than we do was read before them.
function newer(known: Summary | undefined, said: Summary): Summary {
  if (!known) return said;
  const base = said.last_seq < known.last_seq ? known : said;
  const most = (pick: "seen" | "delivered") => ({
    visitor: Math.max(known[pick].visitor, said[pick].visitor),
    operator: Math.max(known[pick].operator, said[pick].operator),
  });
  const seen = most("seen");
  return { ...base, seen, delivered: most("delivered"), unread: seen.operator >= base.last_seq ? 0 : base.unread };
}

export function withSeen(state: State, conversation: string, seq: number): State {
  const summary = state.conversations[conversation];
  if (!summary || summary.seen.operator >= seq) return state;
  const seen = { ...summary.seen, operator: seq };
  const unread = seq >= summary.last_seq ? 0 : summary.unread;
  return { ...state, conversations: { ...state.conversations, [conversation]: { ...summary, seen, unread } } };
}
