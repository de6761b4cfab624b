// Whether the visitor of a conversation may write, and for how long not.
import type { Summary } from "../protocol";
import { Icon, useInbox } from "./context";
import { DOTS } from "./icons";
import { useMenu } from "./menu";

const HOURS = [1, 24, 168, 0] as const; // 0: for ever; the service takes no others

export function Blocking({ summary }: { summary: Summary }) {
  const { desk, say } = useInbox();
  const { leave, props } = useMenu();
  const { id, blocked } = summary;
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
