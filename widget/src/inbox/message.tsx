// One line of a conversation.
import { parts } from "../chat/text";
import { Icon, useInbox } from "./context";
import { DONE, NOTE, QUESTION } from "./icons";
import type { Line } from "./select";

interface Props {
  line: Line;
  /** The signed-in operator's name, and what the visitor is called. */
  me: string;
  visitor: string;
  /** The first of a group says who and when. */
  first: boolean;
  time: string;
  /** Whether to say how far it has come. */
  tells: boolean;
}

export function MessageLine({ line, me, visitor, first, time, tells }: Props) {
  const { say } = useInbox();
  const { message, outgoing, progress } = line;
  const kind = message?.kind ?? outgoing?.kind ?? "reply";
  const author = message?.author.kind ?? "operator";
  const body = (message ?? outgoing)!.body;
  const mark = { "data-lc": "message", "data-author": author, "data-kind": kind, "data-state": progress };
  if (author === "system") {
    return <p class="inbox-system" {...mark} data-id={message?.id}><span dir="auto">{body}</span> <time>{time}</time></p>;
  }
  const name = author === "visitor" ? visitor : !message || message.author.name === me ? say("inbox.you") : (message.author.name ?? "");
  return (
    <article class={`inbox-message inbox-${kind} from-${author}`} {...mark} data-id={message?.id} data-first={first || undefined}>
      {first && (
        <p class="inbox-by">
          {kind === "note" && <span class="badge bare"><Icon path={NOTE} />{say("inbox.note")}</span>}
          {kind === "question" && <span class="badge bare"><Icon path={QUESTION} />{say("inbox.question_from")}</span>}
          <bdi>{name}</bdi> <time dateTime={(message ?? outgoing)!.at}>{time}</time>
        </p>
      )}
      <div class="inbox-body" dir="auto"><Text body={body} /></div>
      {outgoing && <Unsent line={line} />}
      {message && tells && kind === "reply" && author === "operator" && (
        <p class="inbox-progress">{progress === "seen" && <Icon path={DONE} />}{say(`inbox.state_${progress}`)}</p>
      )}
    </article>
  );
}

/** Only what stands for a web address becomes a link; everything else stays the text it is. */
function Text({ body }: { body: string }) {
  return (
    <>
      {parts(body).map((part, index) =>
        typeof part === "string" ? part : (
          <a key={index} href={part.href} target="_blank" rel="noopener noreferrer nofollow" dir="ltr">{part.href}</a>
        ),
      )}
    </>
  );
}

const REASONS = ["rate_limited", "too_long", "closed", "not_found", "unauthorized", "bad_request"] as const;

function Unsent({ line }: { line: Line }) {
  const { desk, say } = useInbox();
  const { failed, clientId } = line.outgoing!;
  if (!failed) return <p class="inbox-progress">{say("inbox.state_waiting")}</p>;
  const reason = REASONS.find((code) => code === failed) ?? "other";
  return (
    <p class="inbox-progress inbox-failed" role="alert">
      {say("inbox.state_failed")}. {say(`inbox.failed_${reason}`)}{" "}
      <button type="button" class="link-button" onClick={() => desk.retry(clientId)}>{say("inbox.retry")}</button>{" "}
      <button type="button" class="link-button" onClick={() => desk.discard(clientId)}>{say("inbox.edit")}</button>
    </p>
  );
}
