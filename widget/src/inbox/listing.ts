// The lists of the inbox, as pure steps from one state to the next: which view is shown, how far its pages are known,
// how many conversations stand under each, which are chosen.
//
// A page tells what stands between two activities. What was heard while the connection held is true anyway; after a
// break everything known is `stale` until a page covers its place: what that page does not name has gone elsewhere.
import type { Iso, Queue, Summary } from "../protocol";
import { BUILT_IN, BY_HAND, stands, type Filter, type SavedView } from "./filters";
import type { State } from "./state";
import { withSummaries } from "./summaries";

/**
 * How far a list is known. `down`: to that activity everything is shown ("": all of it; null: nothing was told yet);
 * `verified`: to that one it was told since the last break.
 */
export interface Page {
  more: boolean;
  cursor: string | null;
  loading: boolean;
  asked: boolean;
  failed: boolean;
  down: Iso | null;
  verified: Iso | null;
}

export interface Lists {
  /** A built-in view, the id of a saved one, or BY_HAND. */
  view: string;
  filter: Filter;
  pages: Record<string, Page>;
  counts: Record<string, number>;
  views: SavedView[];
  /** The tags in use, by site. */
  tags: Record<string, string[]>;
  /** What was known before the connection broke and has not been told again. */
  stale: Record<string, Summary>;
  /** Where this operator is named, as far as it was listed. */
  mentioned: ReadonlySet<string>;
  chosen: ReadonlySet<string>;
  /** Where the choice began, for extending it. */
  anchor: string | null;
  /** What was done to many at last. */
  told: { done: number; failed: boolean } | null;
}

export interface Told {
  conversations: Summary[];
  more: boolean;
  cursor: string | null;
}

export type ListEvent =
  | { type: "view"; view: string; filter?: Filter }
  | { type: "listing"; view: string }
  | ({ type: "listed"; view: string; filter: Filter; from: string | null } & Told)
  | { type: "unlisted"; view: string }
  | { type: "counted"; counts: Record<string, number>; views: SavedView[]; tags: Record<string, string[]> }
  | { type: "choose"; ids: Iterable<string>; anchor?: string | null }
  | { type: "did"; done: number; failed: boolean };

const UNKNOWN: Page = { more: false, cursor: null, loading: false, asked: false, failed: false, down: null, verified: null };

export const LISTS: Lists = {
  view: "open",
  filter: BUILT_IN.open,
  pages: {},
  counts: {},
  views: [],
  tags: {},
  stale: {},
  mentioned: new Set(),
  chosen: new Set(),
  anchor: null,
  told: null,
};

/** How far the list under that view is known; the one that is shown, where none is named. */
export const pageOf = ({ lists }: State, view = lists.view): Page => lists.pages[view] ?? UNKNOWN;

/** The state after something happened to the lists. */
export function withLists(state: State, event: ListEvent): State {
  const { lists } = state;
  switch (event.type) {
    case "view": {
      const filter = event.filter ?? filterOf(lists, event.view);
      if (event.view === lists.view && filter === lists.filter) return state;
      // What was filtered otherwise before is another list.
      const pages = event.view === BY_HAND ? without(lists.pages, BY_HAND) : lists.pages;
      return { ...state, lists: { ...lists, view: event.view, filter, pages, chosen: new Set<string>(), anchor: null } };
    }
    case "listing":
      return withPage(state, event.view, { loading: true, asked: true, failed: false });
    case "unlisted":
      return withPage(state, event.view, { loading: false, failed: true });
    case "listed":
      // An answer to what is not asked any more says nothing.
      if (event.view === BY_HAND && event.filter !== lists.filter) return state;
      return withListed(state, event.view, event.filter, event.from, event);
    case "counted": {
      const { counts, views, tags } = event;
      return { ...state, lists: { ...lists, counts, views, tags } };
    }
    case "did":
      // The work is done: what was chosen for it is let go.
      return { ...state, lists: { ...lists, told: event, ...(event.failed ? {} : { chosen: new Set<string>(), anchor: null }) } };
    case "choose": {
      const chosen = new Set(event.ids);
      return { ...state, lists: { ...lists, chosen, anchor: event.anchor === undefined ? lists.anchor : event.anchor } };
    }
  }
}

/** The queue that is told at every connect: the first page of what is open, and the end of a break. */
export function withQueue(state: State, queue: Queue): State {
  const pages = Object.fromEntries(
    Object.entries(state.lists.pages).map(([view, page]) => [view, { ...UNKNOWN, down: page.down, more: true }]),
  );
  const stale = state.ready ? state.conversations : {};
  const anew = { ...state, ready: true, lists: { ...state.lists, pages, stale } };
  return withListed(anew, "open", BUILT_IN.open, null, { ...queue, cursor: queue.cursor ?? null });
}

function withListed(state: State, view: string, filter: Filter, from: string | null, told: Told): State {
  const before = from === null ? undefined : (pageOf(state, view).verified ?? undefined);
  const last = told.conversations.at(-1)?.active_at ?? null;
  const verified = told.more ? last : null;
  const conversations = withoutGone(state, filter, told, before, verified);
  const mentioned = filter.mentions
    ? new Set([...(from === null ? [] : state.lists.mentioned), ...told.conversations.map(({ id }) => id)])
    : state.lists.mentioned;
  const known = pageOf(state, view);
  // The list never becomes shorter under the reader: what was shown stays, and is told again when it is scrolled to.
  const down = told.more ? earliest(known.down, last) : "";
  const page = { more: told.more, cursor: told.cursor, loading: false, asked: true, failed: false, down, verified };
  const next = { ...state, conversations, lists: { ...state.lists, mentioned, pages: { ...state.lists.pages, [view]: page } } };
  return withSummaries(next, told.conversations);
}

/** Without those that should stand between `before` and `until` but were not told: they changed during a break. */
function withoutGone(state: State, filter: Filter, told: Told, before: Iso | undefined, until: Iso | null): Record<string, Summary> {
  const { stale, mentioned } = state.lists;
  const named = new Set(told.conversations.map(({ id }) => id));
  const gone = Object.values(state.conversations).filter(
    (summary) =>
      stale[summary.id] === summary &&
      !named.has(summary.id) &&
      summary.id !== state.opened &&
      (before === undefined || summary.active_at < before) &&
      (until === null || summary.active_at > until) &&
      stands(summary, filter, state.me.id, mentioned),
  );
  if (gone.length === 0) return state.conversations;
  const kept = { ...state.conversations };
  for (const { id } of gone) delete kept[id];
  return kept;
}

const earliest = (a: Iso | null, b: Iso | null): Iso | null => (a === null || b === null ? (a ?? b) : a < b ? a : b);

function withPage(state: State, view: string, change: Partial<Page>): State {
  const page = { ...pageOf(state, view), ...change };
  return { ...state, lists: { ...state.lists, pages: { ...state.lists.pages, [view]: page } } };
}

function without<T>(all: Record<string, T>, name: string): Record<string, T> {
  const { [name]: _gone, ...rest } = all;
  return rest;
}

/** The filter of a view; of one that is gone, all that is open. */
export function filterOf({ views, filter }: Lists, view: string): Filter {
  if (view === BY_HAND) return filter;
  return BUILT_IN[view as keyof typeof BUILT_IN] ?? views.find(({ id }) => id === view)?.filter ?? BUILT_IN.open;
}
