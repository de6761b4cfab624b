// Whether the visitor of a conversation may write, and for how long not.
import { useRef } from "preact/hooks";
import type { Summary } from "../protocol";
import { Icon, useInbox } from "./context";
import { DOTS } from "./icons";

const HOURS = [1, 24, 168, 0] as const; // 0: for ever; the service takes no others

export function Blocking({ summary }: { summary: Summary }) {
  const { desk, say } = useInbox();
  const menu = useRef<HTMLDetailsElement>(null);
  const { id, blocked } = summary;
  const leave = () => {
    if (menu.current) menu.current.open = false;
    menu.current?.querySelector("summary")?.focus();
  };
  return (
    <details
      ref={menu}
      class="inbox-menu"
      data-lc="more"
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !menu.current?.open) return;
        event.preventDefault();
        leave();
      }}
      onFocusOut={(event) => {
        if (menu.current && !menu.current.contains(event.relatedTarget as Node | null)) menu.current.open = false;
      }}
    >
      <summary class="button quiet only-icon" aria-label={say("inbox.more_actions")} title={say("inbox.more_actions")}>
        <Icon path={DOTS} />
      </summary>
      <div class="inbox-menu-list">
        <h3>{say(blocked ? "inbox.badge_blocked" : "inbox.block")}</h3>
        <p>{say(blocked ? "inbox.unblock_text" : "inbox.block_text")}</p>
        {blocked ? (
          <button type="button" class="button" data-lc="unblock" onClick={() => (desk.unblock(id), leave())}>{say("inbox.unblock")}</button>
        ) : (
          HOURS.map((hours) => (
            <button key={hours} type="button" class="button" data-lc="block" data-hours={hours} onClick={() => (desk.block(id, hours), leave())}>
              {say(`inbox.block_${hours}`)}
            </button>
          ))
        )}
      </div>
    </details>
  );
}
