// The second column: one conversation, what can be done with it, and its messages.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { clockTime, dayName, isSameDay } from "../chat/when";
import type { Summary } from "../protocol";
import { Composer } from "./composer";
import { Icon, nameOf, statusOf, useInbox, Waited } from "./context";
import { BACK, CLOCK, DOWN, PERSON } from "./icons";
import { MessageLine } from "./message";
import { lines, waits, type Line } from "./select";
import type { Notice, State } from "./state";

const LINES = 150; // drawn at first, and more by each press
const NEAR_END = 80; // px from the end within which new messages are followed
const GROUP_MS = 5 * 60_000;

interface Props {
  state: State;
  summary: Summary;
  onDetails: () => void;
}

export function Thread({ state, summary, onDetails }: Props) {
  return (
    <section class="inbox-thread" data-conversation={summary.id}>
      <Head state={state} summary={summary} onDetails={onDetails} />
      {state.notice && state.notice.conversation === summary.id && <NoticeLine notice={state.notice} />}
      <Log key={summary.id} state={state} summary={summary} />
      <Composer state={state} summary={summary} />
    </section>
  );
}

function Head({ state, summary, onDetails }: Props) {
  const { desk, say } = useInbox();
  const { id, operator, status } = summary;
  const mine = operator?.id === state.me.id;
  const waiting = waits(summary, state.me.id) && summary.waiting_since;
  const reopen = status === "closed";
  return (
    <header class="inbox-head">
      <button type="button" class="button quiet only-icon inbox-back" aria-label={say("inbox.back")} onClick={() => desk.open(null)}>
        <Icon path={BACK} />
      </button>
      <div class="inbox-who">
        <h2><bdi>{nameOf(summary, say)}</bdi></h2>
        <p>
          {waiting ? (
            <span class="inbox-waited"><Icon path={CLOCK} />{say("inbox.badge_waiting")} <Waited since={waiting} /></span>
          ) : (
            <span>{statusOf(summary, say)}</span>
          )}
          {operator && <span> · {mine ? say("inbox.badge_yours") : say("inbox.badge_with", { name: operator.name })}</span>}
        </p>
      </div>
      <div class="inbox-actions">
        {!mine && !reopen && (
          <button
            type="button"
            class={operator ? "button" : "button primary"}
            data-lc="take"
            onClick={() => (operator ? desk.assign(id, state.me.id) : desk.take(id))}
          >
            {say(operator ? "inbox.take_over" : "inbox.take")}
          </button>
        )}
        {!reopen && <Assign state={state} summary={summary} />}
        {!reopen && (
          <button type="button" class="button" data-lc="close-conversation" onClick={() => desk.close(id)}>
            {say("inbox.close")}
          </button>
        )}
        <button type="button" class="button quiet only-icon inbox-details" aria-label={say("inbox.details")} onClick={onDetails}>
          <Icon path={PERSON} />
        </button>
      </div>
    </header>
  );
}

function Assign({ state, summary }: { state: State; summary: Summary }) {
  const { desk, say } = useInbox();
  const others = state.operators.filter(({ id }) => id !== summary.operator?.id && id !== state.me.id);
  if (others.length === 0) return null;
  return (
    <select
      class="inbox-assign"
      aria-label={say("inbox.assign")}
      value=""
      onChange={(event) => {
        const chosen = event.currentTarget.value;
        event.currentTarget.value = "";
        if (chosen) desk.assign(summary.id, chosen);
      }}
    >
      <option value="">{say("inbox.assign_choose")}</option>
      {others.map(({ id, name, here, available }) => (
        <option key={id} value={id}>{say(here && available ? "inbox.assign_here" : "inbox.assign_away", { name })}</option>
      ))}
    </select>
  );
}

function NoticeLine({ notice }: { notice: Notice }) {
  const { desk, say } = useInbox();
  const text = () => {
    if (notice.code === "taken") return notice.name ? say("inbox.notice_taken", { name: notice.name }) : say("inbox.notice_taken_other");
    if (notice.code === "closed_now") return say("inbox.notice_closed");
    if (notice.code === "no_connection") return say("inbox.notice_no_connection");
    return say("inbox.notice_failed");
  };
  return (
    <p class="inbox-notice" role="status" data-lc="notice" data-code={notice.code}>
      {text()}
      <button type="button" class="link-button" onClick={() => desk.dismiss()}>{say("inbox.dismiss")}</button>
    </p>
  );
}

function Log({ state, summary }: { state: State; summary: Summary }) {
  const { say, given } = useInbox();
  const box = useRef<HTMLDivElement>(null);
  const following = useRef(true);
  const [drawn, setDrawn] = useState(LINES);
  const [below, setBelow] = useState(false);
  // Where the unread ones began when this was opened: it stays there while one reads.
  const firstUnread = useRef(summary.unread > 0 ? summary.seen.operator : null);
  const all = lines(state, summary.id);
  const shown = all.slice(-drawn);
  const thread = state.threads[summary.id];
  const typing = state.typing[summary.id];
  const lastKey = shown[shown.length - 1]?.key;
  const lastMine = all.findLast((line) => line.outgoing === null && line.message.author.kind === "operator" && line.message.seq !== null);

  const toEnd = () => box.current?.scrollTo({ top: box.current.scrollHeight });
  useLayoutEffect(() => {
    // One's own line is always followed; somebody else's only while the end is in view.
    if (following.current || shown[shown.length - 1]?.outgoing) toEnd();
    else setBelow(true);
  }, [lastKey, thread?.loaded, !!typing]);
  useEffect(() => {
    const watched = new ResizeObserver(() => following.current && toEnd());
    if (box.current) watched.observe(box.current);
    return () => watched.disconnect();
  }, []);

  const onScroll = () => {
    const { scrollTop, scrollHeight, clientHeight } = box.current!;
    following.current = scrollHeight - scrollTop - clientHeight < NEAR_END;
    if (following.current) setBelow(false);
  };
  const days = { today: say("inbox.today"), yesterday: say("inbox.yesterday") };
  return (
    <div class="inbox-log-frame">
      <div
        class="inbox-log"
        ref={box}
        role="log"
        aria-live="polite"
        aria-label={say("inbox.log", { name: nameOf(summary, say) })}
        aria-busy={!thread?.loaded}
        data-lc="log"
        tabIndex={0}
        onScroll={onScroll}
      >
        {all.length > shown.length && (
          <button type="button" class="inbox-more" onClick={() => setDrawn(drawn + LINES)}>{say("inbox.earlier")}</button>
        )}
        {shown.map((line, index) => {
          const before = shown[index - 1];
          const newDay = !before || !isSameDay(timeOf(before), timeOf(line));
          const fresh = startsUnread(line, before, firstUnread.current);
          return (
            <>
              {newDay && <p class="inbox-day" key={`day ${line.key}`}><span>{dayName(timeOf(line), given.lang, days)}</span></p>}
              {fresh && <p class="inbox-day inbox-fresh" key={`new ${line.key}`}><span>{say("inbox.new_line")}</span></p>}
              <MessageLine
                key={line.key}
                line={line}
                me={state.me.name}
                visitor={nameOf(summary, say)}
                first={newDay || fresh || !sameGroup(before, line)}
                time={clockTime(timeOf(line), given.lang)}
                tells={line.outgoing !== null || line === lastMine}
              />
            </>
          );
        })}
        {typing && (
          <p class="inbox-typing" data-lc="typing" dir="auto">
            {typing.text
              ? say("inbox.typing_text", { name: typing.name || nameOf(summary, say), text: typing.text })
              : say("inbox.typing", { name: typing.name || nameOf(summary, say) })}
          </p>
        )}
      </div>
      {below && (
        <button type="button" class="button inbox-newest" onClick={toEnd}><Icon path={DOWN} />{say("inbox.newest")}</button>
      )}
    </div>
  );
}

const timeOf = ({ message, outgoing }: Line) => (message ?? outgoing).at;
const authorOf = ({ message, outgoing }: Line) =>
  message ? `${message.kind} ${message.author.kind} ${message.author.name}` : `${outgoing.kind} own`;

function sameGroup(before: Line | undefined, line: Line): boolean {
  if (!before || authorOf(before) !== authorOf(line)) return false;
  return Date.parse(timeOf(line)) - Date.parse(timeOf(before)) < GROUP_MS;
}

function startsUnread(line: Line, before: Line | undefined, seen: number | null): boolean {
  if (seen === null || !before || !line.message || line.message.seq === null || line.message.seq <= seen) return false;
  return line.message.author.kind === "visitor" && (before.message?.seq ?? Infinity) <= seen;
}
