// The messages of a conversation. Of a long one only a window of lines is drawn, which follows the scrolling; what is
// older than what is here is fetched on the way up. Whatever is added above, what one reads stays where it is.
import { Fragment } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { dayName, isSameDay } from "../chat/when";
import type { Summary } from "../protocol";
import { Icon, nameOf, useInbox } from "./context";
import { reach } from "./emailing";
import { DOWN } from "./icons";
import { MessageLine } from "./message";
import { lines, type Line } from "./select";
import type { State } from "./state";

const LINES = 100; // drawn at first
const STEP = 50; // and added at either end: so few that no frame is missed
const MOST = 250; // drawn at once
const NEAR_END = 80; // px from the end within which new messages are followed
const EDGE = 800; // px from the window's edge at which it moves on
const GROUP_MS = 5 * 60_000;

/** The window: the key of its last line (null: the newest), and how many lines it has. */
interface Span {
  end: string | null;
  count: number;
}

/** A line that is in view: how far it stands from the top edge, at that place of the scrolling. */
interface Anchor {
  key: string;
  top: number;
  at: number;
}

export function Log({ state, summary }: { state: State; summary: Summary }) {
  const { desk, say, given } = useInbox();
  const { id, seen, delivered } = summary;
  const box = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const following = useRef(true);
  const anchor = useRef<Anchor | null>(null);
  const [span, setSpan] = useState<Span>({ end: null, count: LINES });
  const [away, setAway] = useState(false);
  // Where the unread ones began when this was opened: it stays there while one reads.
  const firstUnread = useRef(summary.unread > 0 ? seen.operator : null);
  const goal = useRef(state.at ?? (firstUnread.current === null ? null : firstUnread.current + 1));

  const thread = state.threads[id];
  const all = useMemo(() => lines(state, id), [thread?.messages, state.outbox, seen.visitor, delivered.visitor]);
  const found = span.end === null ? -1 : all.findIndex(({ key }) => key === span.end);
  const to = found < 0 ? all.length : found + 1;
  const from = Math.max(0, to - span.count);
  const shown = all.slice(from, to);
  const lastKey = all[all.length - 1]?.key;
  const typing = state.typing[id];
  const lastMine = all.findLast((line) => line.outgoing === null && line.message.author.kind === "operator" && line.message.seq !== null);

  const freshKey = firstUnread.current === null ? undefined : all.slice(1).find((line) => isUnread(line, firstUnread.current!))?.key;

  const lineAt = (key: string) => content.current?.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`);
  const toEnd = () => box.current?.scrollTo({ top: box.current.scrollHeight });
  const settle = () => {
    if (following.current && span.end === null) return toEnd();
    const line = anchor.current && lineAt(anchor.current.key);
    if (!line) return;
    // Since the anchor was noted it may have been scrolled on: that is to stay.
    const { top, at } = anchor.current!;
    box.current!.scrollTop = line.offsetTop - top + (box.current!.scrollTop - at);
    anchor.current = { ...anchor.current!, top: line.offsetTop - box.current!.scrollTop, at: box.current!.scrollTop };
  };
  const settleNow = useRef(settle);
  settleNow.current = () => goal.current === null && settle();

  useEffect(() => {
    if (state.at !== null) goal.current = state.at;
  }, [state.at]);

  // To the first unread message, or to the one that was looked for: fetch it, draw it, show it.
  useLayoutEffect(() => {
    if (goal.current === null || !thread?.loaded) return;
    const at = all.findIndex(({ message }) => message?.seq === goal.current);
    if (at < 0) {
      if (goal.current < thread.first) return desk.older(id);
      goal.current = null;
    } else if (at < from || at >= to) {
      const end = all[at + LINES / 2];
      following.current = false;
      setSpan({ end: end?.key ?? null, count: LINES });
    } else {
      const line = lineAt(all[at]!.key)!;
      const sought = state.at === goal.current;
      goal.current = null;
      following.current = false;
      box.current!.scrollTop = line.offsetTop - (sought ? box.current!.clientHeight / 3 : 48);
      onScroll();
    }
  }, [all, from, to, thread?.loaded, state.at]);

  useLayoutEffect(() => {
    const own = all[all.length - 1]?.outgoing;
    // One's own line is always followed; somebody else's only while the end is in view.
    if (own && span.end !== null) return setSpan({ end: null, count: LINES });
    if (own) following.current = true;
    if (goal.current === null) settle();
    if (!following.current) setAway(true);
  }, [lastKey, thread?.loaded, !!typing]);
  // Lines were added or dropped above: what is read stays where it is.
  useLayoutEffect(settle, [from, to, shown[0]?.key]);
  useEffect(() => {
    // So it does when an image has come, or the field below has grown.
    const watched = new ResizeObserver(() => settleNow.current());
    for (const element of [box.current, content.current]) if (element) watched.observe(element);
    return () => watched.disconnect();
  }, []);

  function onScroll(): void {
    const { scrollTop, scrollHeight, clientHeight } = box.current!;
    const below = scrollHeight - scrollTop - clientHeight;
    following.current = span.end === null && below < NEAR_END;
    setAway(span.end !== null || below > clientHeight / 2);
    anchor.current = firstInView(content.current!, scrollTop);
    if (goal.current !== null) return;
    if (scrollTop < EDGE) up();
    else if (below < EDGE && span.end !== null) down();
  }

  function up(): void {
    if (from === 0) return desk.older(id);
    if (span.count < MOST) setSpan({ ...span, count: span.count + STEP });
    else setSpan({ end: all[to - STEP - 1]!.key, count: span.count });
  }

  function down(): void {
    const end = all[to + STEP - 1];
    setSpan({ end: end && end.key !== lastKey ? end.key : null, count: span.count });
  }

  function newest(): void {
    following.current = true;
    goal.current = null;
    setSpan({ end: null, count: LINES });
    setAway(false);
    requestAnimationFrame(toEnd);
  }

  const days = { today: say("inbox.today"), yesterday: say("inbox.yesterday") };
  const manages = given.manages.includes(summary.site.key);
  return (
    <div class="inbox-log-frame">
      <div
        class="inbox-log"
        ref={box}
        role="log"
        aria-live="polite"
        aria-label={say("inbox.log", { name: nameOf(summary, say) })}
        aria-busy={!thread?.loaded || thread.older}
        data-lc="log"
        tabIndex={0}
        onScroll={onScroll}
      >
        <div class="inbox-lines" ref={content}>
          {thread && (from > 0 || thread.first > 1) && (
            <button type="button" class="inbox-more" disabled={thread.older} onClick={up}>
              {say(thread.older ? "inbox.older_loading" : "inbox.earlier")}
            </button>
          )}
          {shown.map((line, index) => {
            const before = shown[index - 1];
            const newDay = !before || !isSameDay(timeOf(before), timeOf(line));
            const fresh = line.key === freshKey;
            return (
              <Fragment key={line.key}>
                {newDay && <p class="inbox-day"><span>{dayName(timeOf(line), given.lang, days)}</span></p>}
                {fresh && <p class="inbox-day inbox-fresh"><span>{say("inbox.new_line")}</span></p>}
                <MessageLine
                  line={line}
                  me={state.me.id}
                  visitor={nameOf(summary, say)}
                  first={newDay || fresh || !sameGroup(before, line)}
                  tells={line.outgoing !== null || line === lastMine}
                  mine={line.message?.author.kind === "operator" && (manages || line.message.operator === state.me.id)}
                  sought={state.at !== null && line.message?.seq === state.at}
                  held={reach(summary) !== "now"}
                />
              </Fragment>
            );
          })}
          {typing && span.end === null && (
            <p class="inbox-typing" data-lc="typing" dir="auto">
              {typing.text
                ? say("inbox.typing_text", { name: typing.name || nameOf(summary, say), text: typing.text })
                : say("inbox.typing", { name: typing.name || nameOf(summary, say) })}
            </p>
          )}
        </div>
      </div>
      {away && (
        <button type="button" class="button inbox-newest" data-lc="newest" onClick={newest}><Icon path={DOWN} />{say("inbox.newest")}</button>
      )}
    </div>
  );
}

function firstInView(content: HTMLElement, scrollTop: number): Anchor | null {
  for (const line of content.querySelectorAll<HTMLElement>("[data-key]")) {
    if (line.offsetTop + line.offsetHeight > scrollTop) return { key: line.dataset.key!, top: line.offsetTop - scrollTop, at: scrollTop };
  }
  return null;
}

const timeOf = ({ message, outgoing }: Line) => (message ?? outgoing).at;
const authorOf = ({ message, outgoing }: Line) =>
  message ? `${message.kind} ${message.author.kind} ${message.author.name}` : `${outgoing.kind} own`;

function sameGroup(before: Line | undefined, line: Line): boolean {
  if (!before || authorOf(before) !== authorOf(line)) return false;
  return Date.parse(timeOf(line)) - Date.parse(timeOf(before)) < GROUP_MS;
}

const isUnread = ({ message }: Line, seen: number) => message?.author.kind === "visitor" && message.seq !== null && message.seq > seen;
