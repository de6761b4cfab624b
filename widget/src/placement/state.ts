// Which form, or invitation to the chat, shows itself when, as pure decisions. At most one is chosen at any time, and none
// is seen while the chat has the person's attention. The view (view.ts) shows what was chosen and reports what the person does with it.
import type { Placed } from "../protocol";
import { matches } from "./pattern";

/** Milliseconds of peace between one form that was closed and the next. */
export const PEACE_MS = 5_000;
const DAY_MS = 86_400_000;

/** What is remembered of a form that the person closed, opened or sent. */
export interface Met {
  times: number;
  /** When last, in milliseconds since 1970. */
  at: number;
  sent?: boolean;
}

/** What the decisions rest on beside the state: the forms in their order, and what is remembered. */
export interface Facts {
  placed: readonly Placed[];
  met: Readonly<Record<string, Met>>;
  /** Which visit this is, the first being 1; only counted where a form asks for it. */
  visit: number;
}

export interface State {
  /** Milliseconds since 1970. */
  now: number;
  /** Path and query of the page. */
  page: string;
  /** Milliseconds for which the page was in sight. */
  seen: number;
  /** How far down the person has been on this page, in percent. */
  depth: number;
  leaving: boolean;
  chatEnded: boolean;
  /** The chat is open or has something unread. */
  busy: boolean;
  /** A conversation goes on, or may: nobody is invited to what they are in. */
  talking: boolean;
  /** Forms whose moment has come. */
  due: readonly string[];
  /** Forms that are done with until the next page. */
  over: readonly string[];
  chosen: string | null;
  /** The person is at work in the chosen form: it stays whatever comes. */
  touched: boolean;
  peaceUntil: number;
}

export type PlacementEvent =
  | { type: "tick"; now: number; page: string; passed: number }
  | { type: "scrolled"; depth: number }
  | { type: "leaving" }
  | { type: "chatEnded" }
  | { type: "chat"; busy: boolean; talking?: boolean }
  | { type: "touched" }
  | { type: "closed" }
  | { type: "sent"; slug: string }
  | { type: "unusable"; slug: string }
  | { type: "remembered" };

export const initialState = (now: number, page: string, seen: number): State => ({
  now, page, seen,
  depth: 0,
  leaving: false,
  chatEnded: false,
  busy: false,
  talking: false,
  due: [],
  over: [],
  chosen: null,
  touched: false,
  peaceUntil: 0,
});

/** The form to be seen now. */
export const visible = ({ busy, chosen }: State): string | null => (busy ? null : chosen);

export function reduce(facts: Facts, state: State, event: PlacementEvent): State {
  return choose(facts, came(facts, happen(state, event)));
}

function happen(state: State, event: PlacementEvent): State {
  switch (event.type) {
    case "tick": {
      const { now, page, passed } = event;
      if (page === state.page) return { ...state, now, seen: state.seen + passed };
      // Another page of a site that changes pages without loading them: its moments begin anew.
      return { ...state, now, page, seen: 0, depth: 0, leaving: false, due: [] };
    }
    case "scrolled":
      return { ...state, depth: Math.max(state.depth, event.depth) };
    case "leaving":
      return { ...state, leaving: true };
    case "chatEnded":
      return { ...state, chatEnded: true };
    case "chat":
      return { ...state, busy: event.busy, talking: !!event.talking };
    case "touched":
      return state.chosen ? { ...state, touched: true } : state;
    case "closed":
      return state.chosen ? { ...put(state, state.chosen), peaceUntil: state.now + PEACE_MS } : state;
    case "sent":
      // Sent from the chosen form itself, it stays to show what comes of it.
      return event.slug === state.chosen && state.touched ? state : put(state, event.slug);
    case "unusable":
      return put(state, event.slug);
    case "remembered":
      return state;
  }
}

/** The form is done with. */
function put(state: State, slug: string): State {
  const over = state.over.includes(slug) ? state.over : [...state.over, slug];
  return slug === state.chosen ? { ...state, over, chosen: null, touched: false } : { ...state, over };
}

/** Notes for which forms the moment has come; it stays so, for one that has to wait comes later. */
function came({ placed }: Facts, state: State): State {
  const due = placed.filter((one) => state.due.includes(one.slug) || isMoment(one, state)).map(({ slug }) => slug);
  return due.length === state.due.length ? state : { ...state, due };
}

function isMoment({ delay, scroll, exit, after_chat }: Placed, { seen, depth, leaving, chatEnded }: State): boolean {
  const always = delay === undefined && scroll === undefined && !exit && !after_chat;
  return (
    always ||
    (delay !== undefined && seen >= delay * 1000) ||
    (scroll !== undefined && depth >= scroll) ||
    (!!exit && leaving) ||
    (!!after_chat && chatEnded)
  );
}

function choose(facts: Facts, state: State): State {
  if (state.touched || state.busy) return state;
  const ready = facts.placed.filter((one) => state.due.includes(one.slug) && isAllowed(facts, one, state));
  const current = ready.find(({ slug }) => slug === state.chosen);
  // A bar nobody has touched makes room for what wants to be seen now, and comes back after it.
  if (current && current.where !== "bar") return state;
  const other = ready.find(({ where }) => where !== "bar");
  const next = (state.now >= state.peaceUntil && (other ?? ready[0])) || null;
  const chosen = (other && next ? other : (current ?? next))?.slug ?? null;
  return chosen === state.chosen ? state : { ...state, chosen };
}

/** Whether the form may be seen here and now at all. */
function isAllowed({ met, visit }: Facts, one: Placed, { now, page, over, talking }: State): boolean {
  if (one.where === "invitation" && talking) return false;
  return !over.includes(one.slug) && isPage(one, page) && isTime(one, now) && visit >= (one.visits ?? 1) && isFresh(one, met[one.slug], now);
}

const isPage = ({ urls, not_urls }: Placed, page: string): boolean =>
  (!urls || urls.some((pattern) => matches(pattern, page))) && !not_urls?.some((pattern) => matches(pattern, page));

const isTime = ({ starts, ends }: Placed, now: number): boolean =>
  (!starts || now >= Date.parse(starts)) && (!ends || now < Date.parse(ends));

const isFresh = ({ every_days = 7, most = 3 }: Placed, met: Met | undefined, now: number): boolean =>
  !met || (!met.sent && met.times < most && now - met.at >= every_days * DAY_MS);
