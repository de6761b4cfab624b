import type { Delivery } from "../chat/state";
import { parts } from "../chat/text";
import { clockTime } from "../chat/when";
import type { Key } from "../i18n/words";
import { ALERT, CHECK, CHECKS, CLOCK } from "../icons";
import type { ChatFile } from "../protocol";
import type { Desk } from "./desk";
import type { Entry } from "./entries";
import { Icon } from "./Icon";
import { useMore } from "./useMore";

const ICONS: Record<Delivery, string> = { waiting: CLOCK, sent: CHECK, delivered: CHECKS, seen: CHECKS, failed: ALERT };

export function MessageRow({ desk, entry, joins }: { desk: Desk; entry: Entry; joins: boolean }) {
  const { t, lang } = desk;
  const { author, state } = entry;
  const speaker = author === "visitor" ? t("you") : (entry.name ?? t("operator"));
  useMore(desk, entry.deleted);
  if (entry.arrival) {
    const { name, over } = entry.arrival;
    return <p class="system" data-lc="arrival">{t(over ? "takes_over" : "arrived", { name })}</p>;
  }
  if (author === "system") {
    return (
      <p class="system" data-lc="message" data-author="system" dir="auto">{entry.body}</p>
    );
  }
  return (
    <div class={`message ${author}`} data-lc="message" data-author={author} data-state={state ?? undefined} data-joins={joins}>
      <span class="away">{speaker}: </span>
      {entry.file && <Attached desk={desk} file={entry.file} />}
      {entry.deleted && <p class="bubble gone">{t("deleted")}</p>}
      {entry.body && <div class="bubble" dir="auto"><Text desk={desk} entry={entry} /></div>}
      {state === "failed" ? (
        <p class="meta failed" role="alert">
          <Icon path={ALERT} /> {(entry.error === "rate_limited" && entry.said) || t(reason(entry.error))}{" "}
          {!FINAL.includes(entry.error ?? "") && (
            <button type="button" class="link" data-lc="retry" onClick={() => desk.chat.retry(entry.client_id!)}>{t("retry")}</button>
          )}
        </p>
      ) : (
        <p class="meta" aria-live="off">
          {author === "operator" && <span aria-hidden="true"><bdi>{speaker}</bdi> ·</span>}
          <time dateTime={new Date(entry.at).toISOString()}>{clockTime(entry.at, lang)}</time>
          {entry.edited && <span data-lc="edited">· {t("edited")}</span>}
          {state && (
            <span class="state" title={t(`state_${state}`)}>
              <Icon path={ICONS[state]} />
              <span class="away">{t(`state_${state}`)}</span>
            </span>
          )}
        </p>
      )}
    </div>
  );
}

/** What no second try changes. */
const FINAL = ["too_long", "blocked", "not_allowed", "bad_request"];
const MARKS = /[*_`]|\]\(|^ {0,3}(?:[-•]|\d+[.)])\s/m;

function Text({ desk, entry: { author, body } }: { desk: Desk; entry: Entry }) {
  const more = useMore(desk, author === "operator" && MARKS.test(body));
  return more ? <more.Rich text={body} /> : <>{parts(body).map(part)}</>;
}

function Attached({ desk, file }: { desk: Desk; file: ChatFile }) {
  const more = useMore(desk, true);
  return more ? <more.FileView desk={desk} file={file} /> : <a href={desk.base + file.url} download={file.name}>{file.name}</a>;
}

const part = (one: ReturnType<typeof parts>[number]) =>
  typeof one === "string" ? one : (
    <a href={one.href} target="_blank" rel="noopener noreferrer nofollow" dir="auto">{one.text}</a>
  );

function reason(error: string | null): Key {
  if (error === "late") return "state_late";
  if (error === "rate_limited") return "failed_rate_limited";
  if (error === "blocked") return "blocked";
  return error === "too_long" ? "failed_too_long" : "state_failed";
}
