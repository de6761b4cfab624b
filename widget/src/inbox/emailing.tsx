// Answering by e-mail: whom it can reach, its subject, and the conversation written down.
import type { Summary } from "../protocol";
import { Icon, useInbox } from "./context";
import { FILE, MAIL } from "./icons";
import { draftOf, type State } from "./state";

const LONGEST_SUBJECT = 200;

/** Whether an e-mail goes out at once, waits until the visitor confirms the address, or has nowhere to go. */
export type Reach = "now" | "later" | "nowhere";

export function reach({ visitor, contact }: Summary): Reach {
  if (visitor.email) return visitor.email_confirmed ? "now" : "later";
  return contact ? "now" : "nowhere";
}

/** What stands above the field while one writes an e-mail: whom it goes to and when, and its subject. */
export function EmailReply({ state, summary }: { state: State; summary: Summary }) {
  const { desk, say } = useInbox();
  const { id, visitor, site } = summary;
  const can = reach(summary);
  const { subject } = draftOf(state, id);
  const told = { email: visitor.email ?? "" };
  return (
    <div class="inbox-email" data-lc="email" data-reach={can}>
      <p class="inbox-hint" role="status">
        {can === "nowhere" && say("inbox.email_nowhere")}
        {can === "later" && say("inbox.email_later", told)}
        {can === "now" && (visitor.email ? say("inbox.email_now", told) : say("inbox.email_contact"))}
      </p>
      {can !== "nowhere" && (
        <label class="inbox-subject">
          <span>{say("inbox.email_subject")}</span>
          <input
            type="text"
            dir={subject ? "auto" : undefined}
            data-lc="subject"
            maxLength={LONGEST_SUBJECT}
            placeholder={summary.subject || say("inbox.email_subject_own", { site: site.name })}
            value={subject}
            onInput={(event) => desk.subject(id, event.currentTarget.value)}
          />
        </label>
      )}
    </div>
  );
}

/** Beside the visitor's address: to the field for an answer by e-mail. */
export function EmailButton({ summary, onPress }: { summary: Summary; onPress?: () => void }) {
  const { desk, say } = useInbox();
  const press = () => {
    desk.mode(summary.id, "email");
    onPress?.();
    requestAnimationFrame(() => document.querySelector<HTMLElement>("[data-lc=reply]")?.focus());
  };
  return (
    <button type="button" class="link-button" data-lc="answer-by-email" onClick={press}>
      <Icon path={MAIL} />
      {say("inbox.about_email_write")}
    </button>
  );
}

/** To the conversation written down: for print, and to send it to the visitor. */
export function TranscriptLink({ summary }: { summary: Summary }) {
  const { given, say } = useInbox();
  const page = given.urls.conversation.replace("CONVERSATION", encodeURIComponent(summary.id));
  return (
    <a class="inbox-mark" href={`${page}/transcript`} target="_blank" rel="noopener" data-lc="transcript">
      <Icon path={FILE} />
      {say("inbox.transcript")}
    </a>
  );
}
