// The line under a conversation's head: its tags, and until when it is put aside.
import type { Summary } from "../protocol";
import { useCommand } from "./commands";
import { Icon, useInbox } from "./context";
import { TranscriptLink } from "./emailing";
import { full } from "./duration";
import { CROSS, LATER, TAG } from "./icons";

export function Marks({ summary }: { summary: Summary }) {
  const { desk, say, given } = useInbox();
  const act = useCommand();
  const { id, tags, snoozed_until, status } = summary;
  return (
    <div class="inbox-marks" role="group" aria-label={say("inbox.tags")}>
      {snoozed_until && (
        <span class="inbox-tag inbox-aside" data-lc="snoozed">
          <Icon path={LATER} /> {say("inbox.snoozed_until", { when: full(snoozed_until, given.lang) })}
          <button type="button" class="link-button" onClick={() => void desk.lists.bulk([id], { action: "snooze", until: null })}>{say("inbox.snooze_back")}</button>
        </span>
      )}
      {tags.map((tag) => (
        <span key={tag} class="inbox-tag">
          <bdi>{tag}</bdi>
          <button
            type="button"
            aria-label={say("inbox.tag_remove", { tag })}
            onClick={() => void desk.lists.bulk([id], { action: "tag", add: [], remove: [tag] })}
          >
            <Icon path={CROSS} />
          </button>
        </span>
      ))}
      <button type="button" class="inbox-mark" data-lc="tag" onClick={() => act("tag")}><Icon path={TAG} />{say("inbox.tag")}</button>
      {status !== "closed" && !snoozed_until && (
        <button type="button" class="inbox-mark" data-lc="snooze" onClick={() => act("snooze")}><Icon path={LATER} />{say("inbox.snooze")}</button>
      )}
      <TranscriptLink summary={summary} />
    </div>
  );
}
