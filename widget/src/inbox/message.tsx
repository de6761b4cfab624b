// One line of a conversation.
import { Component } from "preact";
import { useState } from "preact/hooks";
import { Plain, Rich } from "../chat/rich";
import { clockTime } from "../chat/when";
import type { ChatFile, OperatorMessage } from "../protocol";
import { Icon, sizeOf, useInbox } from "./context";
import { DONE, FILE, MAIL, NOTE, PENCIL, QUESTION, TRASH } from "./icons";
import type { Line } from "./select";

interface Props {
  line: Line;
  /** The signed-in operator's id, and what the visitor is called. */
  me: string;
  visitor: string;
  /** The first of a group says who and when. */
  first: boolean;
  /** Whether to say how far it has come. */
  tells: boolean;
  /** Whether this operator may edit and delete it. */
  mine: boolean;
  /** It is what somebody looked for. */
  sought: boolean;
  /** E-mails are kept until the visitor's address is confirmed. */
  held: boolean;
}

/** Drawn anew only when something about it changed: a long conversation is not gone through at every key. */
export class MessageLine extends Component<Props> {
  override shouldComponentUpdate({ line, ...next }: Props): boolean {
    const { line: known, ...props } = this.props;
    const differs = (Object.keys(next) as (keyof typeof next)[]).some((name) => next[name] !== props[name]);
    return differs || line.message !== known.message || line.outgoing !== known.outgoing || line.progress !== known.progress;
  }

  render() {
    return <Drawn {...this.props} />;
  }
}

function Drawn({ line, me, visitor, first, tells, mine, sought, held }: Props) {
  const { say, given } = useInbox();
  const { message, outgoing, progress } = line;
  const kind = message?.kind ?? (outgoing?.kind === "note" ? "note" : "reply");
  const author = message?.author.kind ?? "operator";
  const { body, at } = (message ?? outgoing)!;
  const file = (message ?? outgoing)!.file;
  const time = clockTime(at, given.lang);
  const mark = {
    "data-lc": "message", "data-author": author, "data-kind": kind, "data-state": progress, "data-key": line.key,
    "data-id": message?.id, "data-sought": sought || undefined,
  };
  if (author === "system") {
    return <p class="inbox-system" {...mark}><span dir="auto">{body}</span> <time>{time}</time></p>;
  }
  const own = !message || message.operator === me;
  const name = author === "visitor" ? visitor : own ? say("inbox.you") : (message.author.name ?? "");
  const email = message?.by_email || outgoing?.kind === "email";
  return (
    <article class={`inbox-message inbox-${kind} from-${author}`} {...mark} data-first={first || undefined}>
      {first && (
        <p class="inbox-by">
          {kind === "note" && <span class="badge bare"><Icon path={NOTE} />{say("inbox.note")}</span>}
          {kind === "question" && <span class="badge bare"><Icon path={QUESTION} />{say("inbox.question_from")}</span>}
          <bdi>{name}</bdi> <time dateTime={at}>{time}</time>
        </p>
      )}
      <div class="inbox-line">
        {message && mine && !message.deleted && <Actions message={message} />}
        <div class="inbox-bubble">
          {message?.deleted && <p class="inbox-body inbox-gone" data-lc="deleted">{say("inbox.deleted")}</p>}
          {file && <File file={file} />}
          {body && <div class="inbox-body" dir="auto">{author === "operator" ? <Rich text={body} /> : <Plain text={body} />}</div>}
        </div>
      </div>
      {outgoing && <Unsent line={line} />}
      {message && !message.deleted && (message.edited_at || email || (tells && kind === "reply" && author === "operator")) && (
        <p class="inbox-progress">
          {message.edited_at && <span data-lc="edited">{say("inbox.edited")}</span>}
          {email && <span><Icon path={MAIL} />{say(held ? "inbox.by_email_held" : "inbox.by_email")}</span>}
          {tells && kind === "reply" && author === "operator" && (
            <span>{progress === "seen" && <Icon path={DONE} />}{say(`inbox.state_${progress}`)}</span>
          )}
        </p>
      )}
    </article>
  );
}

/** An image is its thumbnail, anything else a name and a size; either way a press downloads the file as it was sent. */
function File({ file }: { file: ChatFile }) {
  const { say, given } = useInbox();
  const { name, size, url, thumb } = file;
  const title = say("inbox.file_download", { name });
  if (thumb) {
    return (
      <a class="inbox-image" href={url} download={name} title={title} data-lc="file">
        <img src={thumb.url} width={thumb.width} height={thumb.height} alt={title} loading="lazy" />
      </a>
    );
  }
  return (
    <a class="inbox-file" href={url} download={name} title={title} data-lc="file">
      <Icon path={FILE} /><bdi>{name}</bdi> <span>{sizeOf(size, given.lang)}</span>
    </a>
  );
}

function Actions({ message }: { message: OperatorMessage }) {
  const { desk, say } = useInbox();
  const [sure, setSure] = useState(false);
  const { id, conversation, by_email } = message;
  if (sure) {
    return (
      <div class="inbox-message-actions is-asking" role="group" aria-label={say("inbox.delete_sure")}>
        <span>{say("inbox.delete_sure")}</span>
        <button type="button" class="button small danger" data-lc="delete-yes" ref={focused} onClick={() => desk.remove(conversation, id)}>
          {say("inbox.delete")}
        </button>
        <button type="button" class="button small" onClick={() => setSure(false)}>{say("inbox.delete_keep")}</button>
      </div>
    );
  }
  return (
    <div class="inbox-message-actions" role="group" aria-label={say("inbox.message_actions")}>
      {!by_email && (
        <button type="button" class="button quiet only-icon" data-lc="edit" title={say("inbox.edit")} aria-label={say("inbox.edit")} onClick={() => desk.edit(conversation, id)}>
          <Icon path={PENCIL} />
        </button>
      )}
      <button type="button" class="button quiet only-icon" data-lc="delete" title={say("inbox.delete")} aria-label={say("inbox.delete")} onClick={() => setSure(true)}>
        <Icon path={TRASH} />
      </button>
    </div>
  );
}

const focused = (button: HTMLButtonElement | null) => button?.focus();

const REASONS = ["rate_limited", "too_long", "closed", "not_found", "unauthorized", "bad_request"] as const;

function Unsent({ line }: { line: Line }) {
  const { desk, say } = useInbox();
  const { failed, late, clientId, reason } = line.outgoing!;
  if (!failed && !late) return <p class="inbox-progress">{say("inbox.state_waiting")}</p>;
  if (!failed) {
    return (
      <p class="inbox-progress inbox-failed" role="alert">
        {say("inbox.state_late")}{" "}
        <button type="button" class="link-button" data-lc="retry" onClick={() => desk.retry(clientId)}>{say("inbox.retry_now")}</button>
      </p>
    );
  }
  const known = REASONS.find((code) => code === failed);
  return (
    <p class="inbox-progress inbox-failed" role="alert">
      {say("inbox.state_failed")}. {known ? say(`inbox.failed_${known}`) : reason || say("inbox.failed_other")}{" "}
      <button type="button" class="link-button" data-lc="retry" onClick={() => desk.retry(clientId)}>{say("inbox.retry")}</button>{" "}
      <button type="button" class="link-button" onClick={() => desk.discard(clientId)}>{say("inbox.edit")}</button>
    </p>
  );
}
