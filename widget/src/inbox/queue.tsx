// The first column: search, the views, and the list of what stands under the chosen one. Only what is seen is drawn.
import { Component } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Summary } from "../protocol";
import { Choice } from "./choice";
import { Icon, nameOf, useInbox, Waited } from "./context";
import { short } from "./duration";
import { CLOCK, LATER, QUESTION } from "./icons";
import { pageOf } from "./listing";
import { Search } from "./search";
import { queue, severalSites, waits } from "./select";
import type { Draft, State } from "./state";
import { Views } from "./views";
import { drawn, moved, revealing } from "./window";

const ROW = 84; // pixels, until the first row was measured
const AHEAD = 60; // rows before the end of what is known at which more is asked for

/** Bring a conversation's row into view and put the focus on it. */
export let focusRow: (id: string) => void = later;

// While the list is not drawn, because what was found stands in its place, the focus waits for it.
let awaited = "";
function later(id: string): void {
  awaited = id;
}

export function Queue({ state }: { state: State }) {
  const { say } = useInbox();
  const [looking, setLooking] = useState("");
  return (
    <section class="inbox-queue" aria-label={say("inbox.queue")}>
      <Search opened={state.opened} text={looking} onText={setLooking} />
      {!looking.trim() && (
        <>
          <Views state={state} />
          <Choice state={state} />
          <List state={state} />
        </>
      )}
    </section>
  );
}

function List({ state }: { state: State }) {
  const { desk, say } = useInbox();
  const { opened, me, lists } = state;
  const rows = queue(state);
  const page = pageOf(state);
  const named = useMemo(() => severalSites(state), [state.conversations]);
  // Only the opened conversation's draft changes, and its row shows none: a key pressed draws no row again.
  const drafts = useMemo(() => state.drafts, [opened]);
  const { frame, probe, range, height } = useWindow(rows, lists.view);
  const focused = useFocused();

  // Asked before it is needed: whoever scrolls sees no end until it is one.
  const far = rows[Math.min(range.end + AHEAD, rows.length) - 1];
  const unverified = page.more && (page.verified === null || !far || far.active_at < page.verified);
  const wanted = state.ready && state.link === "up" && !page.loading && !page.failed && (!page.asked || (page.more && (unverified || range.end + AHEAD > rows.length)));
  useLayoutEffect(() => {
    if (wanted) desk.lists.more();
  });

  const total = page.more || !page.asked ? (lists.counts[lists.view] ?? -1) : rows.length;
  const at = opened ? rows.findIndex(({ id }) => id === opened) : -1;
  const stop = rows.find(({ id }) => id === focused)?.id ?? rows[at]?.id ?? rows[range.first]?.id;
  const indexes = Array.from({ length: range.end - range.first }, (_, index) => range.first + index);
  // The row that has the focus is kept, however far it was scrolled away.
  const kept = focused ? rows.findIndex(({ id }) => id === focused) : -1;
  if (kept >= 0 && kept < range.first) indexes.unshift(kept);
  else if (kept >= range.end) indexes.push(kept);

  const empty = state.ready && rows.length === 0 && page.asked && !page.loading;
  return (
    <div class="inbox-scroll" ref={frame} data-lc="rows">
      <i class="inbox-row-probe" ref={probe} aria-hidden="true" />
      <ul
        data-lc="queue"
        class="inbox-rows"
        role="list"
        aria-label={say("inbox.queue")}
        aria-busy={!state.ready || page.loading}
        data-choosing={lists.chosen.size > 0 || undefined}
        style={{ blockSize: `${rows.length * height}px` }}
        onKeyDown={(event) => arrows(event, rows)}
      >
        {indexes.map((index) => {
          const summary = rows[index]!;
          return (
            <SteadyRow
              key={summary.id}
              summary={summary}
              me={me.id}
              open={opened === summary.id}
              stop={summary.id === stop}
              chosen={lists.chosen.has(summary.id)}
              draft={drafts[summary.id]}
              named={named}
              place={index + 1}
              total={total}
              top={index * height}
            />
          );
        })}
      </ul>
      {rows.length === 0 && !page.failed && (!state.ready || !page.asked || page.loading) && <Skeleton />}
      {rows.length > 0 && page.loading && <p class="inbox-list-end inbox-late">{say("inbox.loading")}</p>}
      {page.failed && (
        <p class="inbox-list-end" role="alert">
          {say("inbox.list_failed")}{" "}
          <button type="button" class="link-button" onClick={() => desk.lists.more()}>{say("inbox.retry")}</button>
        </p>
      )}
      {empty && <Empty state={state} />}
    </div>
  );
}

/** Which rows are drawn; the list stays where it is read, whatever comes or goes above. */
function useWindow(rows: Summary[], view: string) {
  const frame = useRef<HTMLDivElement>(null);
  const probe = useRef<HTMLElement>(null);
  const [, draw] = useState({});
  const now = useRef({ top: 0, seen: 800, height: ROW, rows, view, focus: "", scroll: false }).current;
  const scrollTo = (top: number) => {
    if (Math.abs(top - now.top) < 1) return;
    now.top = top;
    now.scroll = true;
  };

  if (now.view !== view) {
    now.view = view;
    scrollTo(0);
  } else if (now.rows !== rows && now.top > 0) {
    scrollTo(Math.max(0, now.top + moved(now.rows, rows, Math.floor(now.top / now.height)) * now.height));
  }
  now.rows = rows;

  useLayoutEffect(() => {
    const box = frame.current!;
    // Where the list is scrolled to is only touched when it must be: asking would lay out the page once more.
    if (now.scroll) box.scrollTop = now.top;
    now.scroll = false;
    if (now.focus) {
      const row = box.querySelector<HTMLElement>(`[data-lc=conversation][data-id="${CSS.escape(now.focus)}"]`);
      now.focus = "";
      row?.focus({ preventScroll: true });
    }
  });

  useEffect(() => {
    const box = frame.current!;
    const measure = () => {
      if (!probe.current) return; // the list has just gone
      const height = probe.current.offsetHeight || ROW;
      if (height === now.height && box.clientHeight === now.seen) return;
      scrollTo((now.top / now.height) * height);
      Object.assign(now, { height, seen: box.clientHeight });
      draw({});
    };
    const onScroll = () => {
      const before = drawn(now.top, now.seen, now.height, now.rows.length);
      now.top = box.scrollTop;
      const after = drawn(now.top, now.seen, now.height, now.rows.length);
      if (before.first !== after.first || before.end !== after.end) draw({});
    };
    const observer = new ResizeObserver(measure);
    observer.observe(box);
    observer.observe(probe.current!);
    box.addEventListener("scroll", onScroll, { passive: true });
    focusRow = (id) => {
      const index = now.rows.findIndex((row) => row.id === id);
      if (index < 0) return;
      scrollTo(revealing(index, now.top, now.seen, now.height));
      now.focus = id;
      draw({});
    };
    if (awaited && document.activeElement === document.body) focusRow(awaited);
    awaited = "";
    return () => {
      observer.disconnect();
      box.removeEventListener("scroll", onScroll);
      focusRow = later;
    };
  }, []);

  return { frame, probe, range: drawn(now.top, now.seen, now.height, rows.length), height: now.height };
}

/** The conversation whose row has the focus. */
function useFocused(): string | null {
  const [focused, setFocused] = useState<string | null>(null);
  useEffect(() => {
    const look = () => {
      const row = document.activeElement?.closest<HTMLElement>("[data-lc=queue] [data-lc=conversation]");
      setFocused(row?.dataset.id ?? null);
    };
    document.addEventListener("focusin", look);
    return () => document.removeEventListener("focusin", look);
  }, []);
  return focused;
}

/** Arrows, Home and End move the focus through the rows and open none. */
function arrows(event: KeyboardEvent, rows: Summary[]): void {
  const at = rows.findIndex(({ id }) => id === (event.target as HTMLElement).dataset.id);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
  if (at < 0 || to === undefined || event.shiftKey || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  if (rows[to]) focusRow(rows[to].id);
}

interface RowProps {
  summary: Summary;
  me: string;
  open: boolean;
  /** Whether Tab stops here: it does at one row of the list. */
  stop: boolean;
  chosen: boolean;
  draft: Draft | undefined;
  /** Whether to name the site. */
  named: boolean;
  place: number;
  total: number;
  top: number;
}

/** Drawn again only when something in it changed: a queue may be long. */
class SteadyRow extends Component<RowProps> {
  override shouldComponentUpdate(next: RowProps): boolean {
    return (Object.keys(next) as (keyof RowProps)[]).some((name) => next[name] !== this.props[name]);
  }

  override render(props: RowProps) {
    return <Row {...props} />;
  }
}

function Row({ summary, me, open, stop, chosen, draft, named, place, total, top }: RowProps) {
  const { desk, say, given } = useInbox();
  const { id, last, unread } = summary;
  const waiting = waits(summary, me) && summary.waiting_since;
  const name = nameOf(summary, say);
  return (
    <li
      aria-posinset={place}
      aria-setsize={total}
      data-chosen={chosen || undefined}
      style={{ insetBlockStart: `${top}px` }}
    >
      <input
        type="checkbox"
        class="inbox-choose"
        tabIndex={-1}
        checked={chosen}
        aria-label={say("inbox.choose", { name })}
        onClick={(event) => choose(desk.state(), desk, id, event.shiftKey)}
      />
      <a
        href={given.urls.conversation.replace("CONVERSATION", id)}
        class="inbox-row"
        data-lc="conversation"
        data-id={id}
        data-status={summary.status}
        data-unread={unread || undefined}
        tabIndex={stop ? 0 : -1}
        aria-current={open ? "true" : undefined}
        onClick={(event) => {
          if (event.metaKey || event.ctrlKey) return;
          event.preventDefault();
          if (event.shiftKey) choose(desk.state(), desk, id, true);
          else desk.open(id);
        }}
      >
        <span class="inbox-row-top">
          <bdi class="inbox-name">{name}</bdi>
          {waiting ? (
            <span class="inbox-waited" title={say("inbox.badge_waiting")}>
              <Icon path={CLOCK} />
              <Waited since={waiting} />
            </span>
          ) : (
            <time class="inbox-time" dateTime={last?.at ?? summary.created_at}>
              {short(last?.at ?? summary.created_at, given.lang)}
            </time>
          )}
        </span>
        <span class="inbox-row-text">
          <span class="inbox-last" dir="auto">
            {draft?.reply && !open ? (
              <>
                <b>{say("inbox.badge_draft")}</b> {draft.reply}
              </>
            ) : (
              (last ? last.body || say(last.deleted ? "inbox.deleted" : "inbox.file_alone") : say("inbox.nothing_yet"))
            )}
          </span>
          {unread > 0 && (
            <span class="inbox-unread" aria-label={say("inbox.unread", { count: unread })}>
              {unread > 99 ? "99+" : unread}
            </span>
          )}
        </span>
        <Badges summary={summary} me={me} named={named} />
      </a>
    </li>
  );
}

type Chooser = { lists: { choose(ids: Iterable<string>, anchor?: string | null): void } };

/** Choose a conversation or leave it out; with `extend` all from where the choice began to there. */
export function choose(state: State, desk: Chooser, id: string, extend: boolean): void {
  const { chosen, anchor } = state.lists;
  const rows = queue(state).map((row) => row.id);
  const from = anchor === null ? -1 : rows.indexOf(anchor);
  const to = rows.indexOf(id);
  if (extend && from >= 0 && to >= 0) {
    return desk.lists.choose([...chosen, ...rows.slice(Math.min(from, to), Math.max(from, to) + 1)]);
  }
  const next = new Set(chosen);
  if (!next.delete(id)) next.add(id);
  desk.lists.choose(next, id);
}

function Badges({ summary, me, named }: Pick<RowProps, "summary" | "me" | "named">) {
  const { say } = useInbox();
  const { kind, status, operator, visitor, tags } = summary;
  const mine = operator?.id === me;
  const badges = [
    summary.snoozed_until && <span key="later" class="badge bare"><Icon path={LATER} />{say("inbox.badge_snoozed")}</span>,
    summary.held && <span key="held" class={summary.spam ? "badge bad" : "badge warn"}>{say(summary.spam ? "inbox.badge_spam" : "inbox.badge_held")}</span>,
    kind === "question" && <span key="question" class="badge bare"><Icon path={QUESTION} />{say("inbox.badge_question")}</span>,
    status === "unanswered" && kind !== "question" && <span key="status" class="badge warn">{say("inbox.badge_unanswered")}</span>,
    visitor.email_confirmed === false && <span key="address" class="badge warn">{say("inbox.badge_unconfirmed")}</span>,
    operator && <span key="who" class={mine ? "badge good" : "badge"}>{mine ? say("inbox.badge_yours") : say("inbox.badge_with", { name: operator.name })}</span>,
    named && <bdi key="site" class="badge">{summary.site.name}</bdi>,
    ...tags.map((tag) => <bdi key={`tag ${tag}`} class="inbox-tag">{tag}</bdi>),
  ].filter(Boolean);
  return badges.length ? <span class="inbox-badges">{badges}</span> : null;
}

function Empty({ state }: { state: State }) {
  const { say, given } = useInbox();
  const { view } = state.lists;
  const nothing = Object.keys(state.conversations).length === 0;
  if (view !== "open" || !nothing) {
    return (
      <div class="inbox-quiet">
        <h2>{say(view === "open" ? "inbox.quiet_title" : view === "missed" ? "inbox.quiet_missed" : "inbox.quiet_view")}</h2>
        <p>{say(view === "snoozed" ? "inbox.quiet_snoozed" : view === "mentions" ? "inbox.quiet_mentions" : view === "held" ? "inbox.quiet_held" : "inbox.quiet_text")}</p>
      </div>
    );
  }
  return (
    <div class="inbox-quiet">
      <h2>{say("inbox.empty_title")}</h2>
      <p>{say("inbox.empty_text")}</p>
      <code id="inbox-snippet" dir="ltr">{given.snippet}</code>
      <p class="inbox-empty-actions">
        <button type="button" class="button primary" data-copy="#inbox-snippet" data-copied={say("inbox.empty_copied")}>
          {say("inbox.empty_copy")}
        </button>
        {given.urls.preview && <a href={given.urls.preview} target="_blank" rel="noopener">{say("inbox.empty_try")}</a>}
      </p>
    </div>
  );
}

const Skeleton = () => (
  <div class="inbox-skeleton" aria-hidden="true">
    <i /><i /><i /><i />
  </div>
);
