import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { isAway, isQuestion, type ChatState } from "../chat/state";
import { dayName, isSameDay } from "../chat/when";
import { ARROW_DOWN } from "../icons";
import type { Desk } from "./desk";
import { entriesOf, type Entry } from "./entries";
import { Icon } from "./Icon";
import { MessageRow } from "./MessageRow";

const NEAR_PX = 80;

interface Props {
  desk: Desk;
  state: ChatState;
  card: ComponentChildren;
  cardAfter: number | null;
  /** Stands under the greeting while nothing was said. */
  welcome: ComponentChildren;
  /** Stands below all of it. */
  after: ComponentChildren;
}

export function Log({ desk, state, card, cardAfter, welcome, after }: Props) {
  const { t, lang } = desk;
  const scroller = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const [news, setNews] = useState(false);
  const entries = entriesOf(state);
  // The question that the form has sent stands above what became of it.
  const question = cardAfter !== null && entries.find((one) => one.seq !== null && one.seq > cardAfter && isQuestion(one));
  const cardSeq = question ? question.seq : cardAfter;
  const last = entries[entries.length - 1];

  const toEnd = () => {
    const { current } = scroller;
    if (current) current.scrollTop = current.scrollHeight;
    atEnd.current = true;
    setNews(false);
  };
  function onScroll(): void {
    const { scrollHeight, scrollTop, clientHeight } = scroller.current!;
    atEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    if (atEnd.current) setNews(false);
  }

  // Who reads further up is left there and told; who is at the end, or wrote, sees the newest.
  useLayoutEffect(() => {
    if (atEnd.current || last?.author === "visitor") toEnd();
    else setNews(true);
  }, [last?.key]);
  useLayoutEffect(() => {
    if (atEnd.current) toEnd();
  }, [state.typing, !!card, desk.open]);
  useEffect(() => {
    const { current } = scroller;
    if (!current || !window.ResizeObserver) return;
    const resized = new ResizeObserver(() => atEnd.current && !card && toEnd());
    resized.observe(current);
    return () => resized.disconnect();
  }, [!!card]);

  const rows: ComponentChildren[] = [];
  entries.forEach((entry, index) => {
    const before = entries[index - 1];
    if (!before || !isSameDay(before.at, entry.at)) {
      rows.push(<p class="day" key={`day ${entry.key}`}>{dayName(entry.at, lang, { today: t("today"), yesterday: t("yesterday") })}</p>);
    }
    if (cardSeq !== null && (entry.seq ?? Infinity) > cardSeq && (before?.seq ?? 0) <= cardSeq) rows.push(card);
    rows.push(<MessageRow key={entry.key} desk={desk} entry={entry} joins={joins(entries[index + 1], entry)} />);
  });
  const cardAtEnd = cardSeq === null || !entries.some(({ seq }) => (seq ?? Infinity) > cardSeq);
  if (cardAtEnd) rows.push(card);

  return (
    <div class="scroll" ref={scroller} onScroll={onScroll} tabIndex={entries.length ? 0 : -1} role="group" aria-label={t("log_label")}>
      {entries.length === 0 && <Greeting desk={desk} state={state} />}
      {entries.length === 0 && welcome}
      <div class="log" data-lc="log" role="log" aria-live="polite" aria-relevant="additions">{rows}</div>
      {after}
      {state.typing && (
        <p class="typing">
          <span class="dots" aria-hidden="true"><i /><i /><i /></span>
          <span class="away">{t("typing", { name: state.typing.name })}</span>
        </p>
      )}
      {news && (
        <button type="button" class="news" onClick={toEnd}>
          <Icon path={ARROW_DOWN} /> {t("new_messages")}
        </button>
      )}
    </div>
  );
}

/** Whether the next entry goes on where this one stops: the time is then said once, under the last. */
function joins(next: Entry | undefined, entry: Entry): boolean {
  if (!next || entry.edited || next.author !== entry.author || next.name !== entry.name || next.state !== entry.state) return false;
  return new Date(next.at).getTime() - new Date(entry.at).getTime() < 180_000;
}

function Greeting({ desk: { t, invited }, state }: { desk: Desk; state: ChatState }) {
  const text = isAway(state) || state.link === "blocked" ? "" : (invited?.text ?? t("greeting_available", { reply_time: state.reply_time }).trim());
  return (
    <div class="greeting">
      <h2 class="title" dir="auto">{invited?.name || t("greeting")}</h2>
      {text && <p class="text" dir="auto">{text}</p>}
    </div>
  );
}
