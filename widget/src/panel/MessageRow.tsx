import type { Delivery } from "../chat/state";
import { parts } from "../chat/text";
import { clockTime } from "../chat/when";
import type { Key } from "../i18n/words";
import { ALERT, CHECK, CHECKS, CLOCK } from "../icons";
import type { Desk } from "./desk";
import type { Entry } from "./entries";
import { Icon } from "./Icon";

const ICONS: Record<Delivery, string> = { waiting: CLOCK, sent: CHECK, delivered: CHECKS, seen: CHECKS, failed: ALERT };

export function MessageRow({ desk, entry, joins }: { desk: Desk; entry: Entry; joins: boolean }) {
  const { t, lang } = desk;
  const { author, state } = entry;
  const speaker = author === "visitor" ? t("you") : (entry.name ?? t("operator"));
  if (author === "system") {
    return (
      <p class="system" data-lc="message" data-author="system" dir="auto">{entry.body}</p>
    );
  }
  return (
    <div class={`message ${author}`} data-lc="message" data-author={author} data-state={state ?? undefined} data-joins={joins}>
      <span class="away">{speaker}: </span>
      <div class="bubble" dir="auto">{parts(entry.body).map(part)}</div>
      {state === "failed" ? (
        <p class="meta failed" role="alert">
          <Icon path={ALERT} /> {t(reason(entry.error))}{" "}
          <button type="button" class="link" onClick={() => desk.chat.retry(entry.client_id!)}>{t("retry")}</button>
        </p>
      ) : (
        <p class="meta" aria-live="off">
          {author === "operator" && <span aria-hidden="true"><bdi>{speaker}</bdi> ·</span>}
          <time dateTime={new Date(entry.at).toISOString()}>{clockTime(entry.at, lang)}</time>
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

const part = (one: ReturnType<typeof parts>[number]) =>
  typeof one === "string" ? one : (
    <a href={one.href} target="_blank" rel="noopener noreferrer nofollow" dir="auto">{one.text}</a>
  );

function reason(error: string | null): Key {
  if (error === "rate_limited") return "failed_rate_limited";
  return error === "too_long" ? "failed_too_long" : "state_failed";
}
