// The line of a conversation that is held as spam: why it is, and the two decisions.
import type { Summary } from "../protocol";
import { useInbox, type InboxWords } from "./context";

export function Held({ summary }: { summary: Summary }) {
  const { desk, say } = useInbox();
  const { id, spam, held_why } = summary;
  const reasons = held_why.map((code) => REASONS[code]).filter((words) => words !== undefined);
  return (
    <div class="inbox-notice inbox-held" role="group" aria-label={say("inbox.badge_held")} data-lc="held">
      <p>
        {say(spam ? "inbox.spam_line" : "inbox.held_line")}
        {!spam && reasons.map((words) => <span key={words}> {say(words)}</span>)}
      </p>
      <button type="button" class="button small" data-lc="release" onClick={() => desk.release(id)}>{say(spam ? "inbox.no_spam" : "inbox.release")}</button>
      {!spam && <button type="button" class="button small" data-lc="is-spam" onClick={() => desk.spam(id)}>{say("inbox.is_spam")}</button>}
    </div>
  );
}

// What the service gives as reasons for a conversation (SIGNALS in leadcapture/spam/rules.py).
const REASONS: Record<string, Parameters<InboxWords>[0]> = {
  links: "inbox.why_links",
  link: "inbox.why_link",
  markup: "inbox.why_markup",
  shortener: "inbox.why_shortener",
  phrases: "inbox.why_phrases",
  disguised: "inbox.why_disguised",
  capitals: "inbox.why_capitals",
  repeated: "inbox.why_repeated",
  words: "inbox.why_words",
};
