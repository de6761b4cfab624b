// The second column: one conversation, what can be done with it, and its messages.
import type { Summary } from "../protocol";
import { useDrop } from "./attachments";
import { Blocking } from "./blocking";
import { Composer } from "./composer";
import { Icon, nameOf, statusOf, useInbox, Waited } from "./context";
import { BACK, CLOCK, PERSON } from "./icons";
import { Held } from "./held";
import { Log } from "./log";
import { Marks } from "./marks";
import { waits } from "./select";
import type { Notice, State } from "./state";
import { Handing } from "./transfer";

interface Props {
  state: State;
  summary: Summary;
  onDetails: () => void;
}

export function Thread({ state, summary, onDetails }: Props) {
  const { say } = useInbox();
  const { over, drop } = useDrop(summary.id);
  return (
    <section class="inbox-thread" data-conversation={summary.id} {...drop}>
      <Head state={state} summary={summary} onDetails={onDetails} />
      {summary.held && <Held summary={summary} />}
      <Marks summary={summary} />
      {state.notice && state.notice.conversation === summary.id && <NoticeLine notice={state.notice} />}
      <Log key={summary.id} state={state} summary={summary} />
      <Composer key={`composer ${summary.id}`} state={state} summary={summary} />
      {over && <p class="inbox-drop" aria-hidden="true">{say("inbox.attach_drop")}</p>}
    </section>
  );
}

function Head({ state, summary, onDetails }: Props) {
  const { desk, say, given } = useInbox();
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
          {summary.blocked && <span class="badge bad" data-lc="blocked">{say("inbox.badge_blocked")}</span>}
          {summary.joined.length > 0 && (
            <span class="inbox-joined" data-lc="joined"> · {say("inbox.joined", { names: new Intl.ListFormat(given.lang).format(summary.joined) })}</span>
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
        <Handing summary={summary} />
        {!reopen && (
          <button type="button" class="button" data-lc="close-conversation" onClick={() => desk.close(id)}>
            {say("inbox.close")}
          </button>
        )}
        <Blocking summary={summary} />
        <button type="button" class="button quiet only-icon inbox-details" aria-label={say("inbox.details")} onClick={onDetails}>
          <Icon path={PERSON} />
        </button>
      </div>
    </header>
  );
}

function NoticeLine({ notice }: { notice: Notice }) {
  const { desk, say } = useInbox();
  const text = () => {
    if (notice.code === "taken") return notice.name ? say("inbox.notice_taken", { name: notice.name }) : say("inbox.notice_taken_other");
    if (notice.code === "not_allowed") return say("inbox.notice_not_allowed");
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
