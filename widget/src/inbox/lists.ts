// The lists of the inbox at work: asks for pages and for the counts, and does what is done to many conversations at once.
import type { Ack, Iso, OPERATOR_EMITS, Summary } from "../protocol";
import { BY_HAND, said, type Filter, type SavedView } from "./filters";
import { pageOf, type ListEvent, type Told } from "./listing";
import type { Event, State } from "./state";

const COUNTED_MS = 1_000; // the counts are asked for at most once in so long
const AT_ONCE = 500; // conversations in one call

export type Bulk =
  | { action: "close" | "seen" }
  | { action: "snooze"; until: Iso | null }
  | { action: "tag"; add: string[]; remove: string[] }
  | { action: "assign"; operator: string };

/** What search found: a message, or (with none) a conversation by who wrote it. */
export interface Hit {
  conversation: Summary;
  message: {
    id: string;
    seq: number | null;
    at: Iso;
    author: { kind: string; name: string | null };
    snippet: [text: string, hit: boolean][];
  } | null;
}

export interface Found {
  hits: Hit[];
  more: boolean;
  cursor: string | null;
}

export interface ListDesk {
  /** Show a view; `filter` is what BY_HAND shows. */
  view(view: string, filter?: Filter): void;
  /** Fetch the next page of what is shown. */
  more(): void;
  choose(ids: Iterable<string>, anchor?: string | null): void;
  /** Do it to these conversations; the state says how many were changed. */
  bulk(ids: string[], what: Bulk): Promise<void>;
  save(name: string, shared: boolean): Promise<Ack<{ view: SavedView }>>;
  drop(view: string): Promise<boolean>;
  search(text: string, before: string | null): Promise<Ack<Found>>;
}

interface Ground {
  state(): State;
  dispatch(event: ListEvent): void;
  ask<T>(event: (typeof OPERATOR_EMITS)[number], payload: object): Promise<Ack<T>>;
}

/** Works on the desk's state. `connected` and `heard` are told what happened there. */
export function listsOf({ state, dispatch, ask }: Ground): ListDesk & {
  connected(): void;
  heard(before: State, event: Event): void;
  countsMoved(): void;
} {
  let counted = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function list(view: string): Promise<void> {
    const { lists } = state();
    const page = pageOf(state(), view);
    if (page.loading || (page.asked && !page.more && !page.failed)) return;
    const { filter } = lists;
    const asked = view === BY_HAND ? { filter } : { view };
    dispatch({ type: "listing", view });
    const answer = await ask<Told>("list", page.cursor ? { ...asked, before: page.cursor } : asked);
    if (answer.ok) {
      const { conversations, more, cursor } = answer;
      dispatch({ type: "listed", view, filter, from: page.cursor, conversations, more, cursor });
    } else {
      dispatch({ type: "unlisted", view });
    }
  }

  // Asked when something moved, at once and then at most once in COUNTED_MS; not while nobody sees it.
  function countsMoved(): void {
    if (timer || document.hidden) return;
    timer = setTimeout(() => {
      timer = undefined;
      counted = Date.now();
      void count();
    }, Math.max(0, counted + COUNTED_MS - Date.now()));
  }

  async function count(): Promise<void> {
    const answer = await ask<{ counts: Record<string, number>; views: SavedView[]; tags: Record<string, string[]> }>("counts", {});
    if (!answer.ok) return;
    const { counts, views, tags } = answer;
    dispatch({ type: "counted", counts, views, tags });
  }

  document.addEventListener("visibilitychange", countsMoved);

  return {
    countsMoved,
    connected() {
      counted = 0;
      countsMoved();
    },
    heard(before, event) {
      const now = state();
      if (event.type === "queue" && now.lists.view !== "open") void list(now.lists.view);
      if (before.conversations === now.conversations || event.type === "listed") return;
      const ids =
        event.type === "conversation" ? [event.summary.id]
        : event.type === "message" ? [event.message.conversation]
        : event.type === "seen" ? [event.conversation]
        : [];
      if (ids.some((id) => place(before.conversations[id]) !== place(now.conversations[id]))) countsMoved();
    },
    view(view, filter) {
      dispatch({ type: "view", view, filter: filter && said(filter) });
      if (!pageOf(state()).asked) void list(view);
    },
    more: () => void list(state().lists.view),
    choose: (ids, anchor) => dispatch({ type: "choose", ids, anchor }),
    async bulk(ids, what) {
      let done = 0;
      for (let begin = 0; begin < ids.length; begin += AT_ONCE) {
        const answer = await ask<{ done: string[] }>("bulk", { conversations: ids.slice(begin, begin + AT_ONCE), ...what });
        if (!answer.ok) return dispatch({ type: "did", done, failed: true });
        done += answer.done.length;
      }
      dispatch({ type: "did", done, failed: false });
      countsMoved();
    },
    async save(name, shared) {
      const answer = await ask<{ view: SavedView }>("save_view", { name, shared, filter: state().lists.filter });
      if (answer.ok) {
        await count();
        dispatch({ type: "view", view: answer.view.id });
        void list(answer.view.id);
      }
      return answer;
    },
    async drop(view) {
      const answer = await ask("drop_view", { view });
      if (answer.ok) await count();
      return answer.ok;
    },
    search: (text, before) => ask<Found>("search", before ? { text, before } : { text }),
  };
}

/** What decides under which views a conversation stands. */
function place(summary: Summary | undefined): string {
  if (!summary) return "";
  const { status, operator, snoozed_until, missed, held, spam, tags, unread, rating } = summary;
  return JSON.stringify([status, operator?.id, snoozed_until, missed, held, spam, tags, unread > 0, rating !== null]);
}
