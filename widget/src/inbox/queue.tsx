// The first column: who is there, who waits longest first.
import { Component } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { Summary } from "../protocol";
import { Icon, nameOf, useInbox, Waited } from "./context";
import { short } from "./duration";
import { CLOCK, QUESTION } from "./icons";
import { counts, queue, severalSites, waits } from "./select";
import type { Draft, Filter, State } from "./state";

const FILTERS: Filter[] = ["open", "unanswered", "closed"];
const ROWS = 100; // drawn at first, and more by each press

export function Queue({ state }: { state: State }) {
  const { desk, say } = useInbox();
  const [rows, setRows] = useState(ROWS);
  const { conversations, filter, opened, me } = state;
  const all = useMemo(() => queue(state), [conversations, filter, me.id]);
  const count = useMemo(() => counts(state), [conversations]);
  const page = state.pages[state.filter === "closed" ? "closed" : "open"];
  const hidden = all.length > rows;
  // Only the opened conversation's draft changes, and its row shows none: a key pressed draws no row again.
  const drafts = useMemo(() => state.drafts, [opened]);
  const drawn = useMemo(() => {
    const named = severalSites(state);
    return all.slice(0, rows).map((summary) => (
      <SteadyRow
        key={summary.id}
        summary={summary}
        me={me.id}
        open={opened === summary.id}
        draft={drafts[summary.id]}
        named={named}
      />
    ));
  }, [all, rows, opened, drafts]);
  const more = () => {
    setRows(rows + ROWS);
    if (page.more && all.length < rows + ROWS) desk.more();
  };
  return (
    <section class="inbox-queue" aria-label={say("inbox.queue")}>
      <div class="inbox-filters" role="group" aria-label={say("inbox.queue")}>
        {FILTERS.map((filter) => (
          <button
            type="button"
            key={filter}
            data-filter={filter}
            aria-pressed={state.filter === filter}
            onClick={() => {
              setRows(ROWS);
              desk.filter(filter);
            }}
          >
            {say(`inbox.filter_${filter}`)}
            {filter !== "closed" && count[filter] > 0 && (
              <span class="inbox-number">
                {count[filter]}
                {state.pages.open.more && "+"}
              </span>
            )}
          </button>
        ))}
      </div>
      <div class="inbox-scroll">
        <ul data-lc="queue" class="inbox-rows" aria-busy={!state.ready || page.loading}>
          {drawn}
        </ul>
        {!state.ready && <Skeleton />}
        {state.ready && all.length === 0 && !page.loading && <Empty state={state} />}
        {(hidden || page.more) && state.ready && (
          <button type="button" class="inbox-more" onClick={more} disabled={page.loading}>
            {say(page.loading ? "inbox.loading" : "inbox.more")}
          </button>
        )}
      </div>
    </section>
  );
}

interface RowProps {
  summary: Summary;
  me: string;
  open: boolean;
  draft: Draft | undefined;
  /** Whether to name the site. */
  named: boolean;
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

function Row({ summary, me, open, draft, named }: RowProps) {
  const { desk, say, given } = useInbox();
  const { id, last, unread } = summary;
  const waiting = waits(summary, me) && summary.waiting_since;
  return (
    <li>
      <a
        href={given.urls.conversation.replace("CONVERSATION", id)}
        class="inbox-row"
        data-lc="conversation"
        data-id={id}
        data-status={summary.status}
        data-unread={unread || undefined}
        aria-current={open ? "true" : undefined}
        onClick={(event) => {
          if (event.metaKey || event.ctrlKey || event.shiftKey) return;
          event.preventDefault();
          desk.open(id);
        }}
      >
        <span class="inbox-row-top">
          <bdi class="inbox-name">{nameOf(summary, say)}</bdi>
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
              (last?.body ?? say("inbox.nothing_yet"))
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

function Badges({ summary, me, named }: Pick<RowProps, "summary" | "me" | "named">) {
  const { say } = useInbox();
  const { kind, status, operator, visitor } = summary;
  const mine = operator?.id === me;
  const badges = [
    kind === "question" && <span key="question" class="badge bare"><Icon path={QUESTION} />{say("inbox.badge_question")}</span>,
    status === "unanswered" && kind !== "question" && <span key="status" class="badge warn">{say("inbox.badge_unanswered")}</span>,
    visitor.email_confirmed === false && <span key="address" class="badge warn">{say("inbox.badge_unconfirmed")}</span>,
    operator && <span key="who" class={mine ? "badge good" : "badge"}>{mine ? say("inbox.badge_yours") : say("inbox.badge_with", { name: operator.name })}</span>,
    named && <bdi key="site" class="badge">{summary.site.name}</bdi>,
  ].filter(Boolean);
  return badges.length ? <span class="inbox-badges">{badges}</span> : null;
}

function Empty({ state }: { state: State }) {
  const { say, given } = useInbox();
  const nothing = Object.keys(state.conversations).length === 0 && state.pages.closed.asked === false;
  if (state.filter !== "open") {
    return <p class="inbox-quiet">{say(state.filter === "closed" ? "inbox.quiet_closed" : "inbox.quiet_unanswered")}</p>;
  }
  if (!nothing) {
    return (
      <div class="inbox-quiet">
        <h2>{say("inbox.quiet_title")}</h2>
        <p>{say("inbox.quiet_text")}</p>
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
