// What else can be done: it is spam or it is not, and whether its visitor may write, and for how long not.
import type { Summary } from "../protocol";
import { Icon, useInbox } from "./context";
import { DOTS } from "./icons";
import { useMenu } from "./menu";

const HOURS = [1, 24, 168, 0] as const; // 0: for ever; the service takes no others

export function Blocking({ summary }: { summary: Summary }) {
  const { desk, say } = useInbox();
  const { leave, props } = useMenu();
  const { id, blocked, spam } = summary;
  return (
    <details
      class="inbox-menu"
      data-lc="more"
      {...props}
    >
      <summary class="button quiet only-icon" aria-label={say("inbox.more_actions")} title={say("inbox.more_actions")}>
        <Icon path={DOTS} />
      </summary>
      <div class="inbox-menu-list">
        <h3>{say("inbox.spam")}</h3>
        <p>{say("inbox.spam_text")}</p>
        {spam !== true && (
          <button type="button" class="button" data-lc="spam" onClick={() => (desk.spam(id), leave(true))}>{say("inbox.is_spam")}</button>
        )}
        {spam !== false && (
          <button type="button" class="button" data-lc="no-spam" onClick={() => (desk.release(id), leave(true))}>{say("inbox.no_spam")}</button>
        )}
        <h3>{say(blocked ? "inbox.badge_blocked" : "inbox.block")}</h3>
        <p>{say(blocked ? "inbox.unblock_text" : "inbox.block_text")}</p>
        {blocked ? (
          <button type="button" class="button" data-lc="unblock" onClick={() => (desk.unblock(id), leave(true))}>{say("inbox.unblock")}</button>
        ) : (
          HOURS.map((hours) => (
            <button key={hours} type="button" class="button" data-lc="block" data-hours={hours} onClick={() => (desk.block(id, hours), leave(true))}>
              {say(`inbox.block_${hours}`)}
            </button>
          ))
        )}
      </div>
    </details>
  );
}
