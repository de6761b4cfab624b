// What can be done to the conversations that were chosen in the list, and what was done.
import { useEffect, useState } from "preact/hooks";
import { useCommand } from "./commands";
import { Icon, useInbox } from "./context";
import { CROSS } from "./icons";
import { pageOf } from "./listing";
import { queue } from "./select";
import type { State } from "./state";

const TOLD_MS = 6_000;

export function Choice({ state }: { state: State }) {
  const { desk, say } = useInbox();
  const act = useCommand();
  const { chosen, told } = state.lists;
  const [shown, setShown] = useState(told);
  useEffect(() => {
    setShown(told);
    if (!told) return;
    const timer = setTimeout(() => setShown(null), TOLD_MS);
    return () => clearTimeout(timer);
  }, [told]);
  const rows = queue(state);
  const all = chosen.size >= rows.length && !pageOf(state).more;
  return (
    <>
      <p class="inbox-told" role="status">
        {shown && (shown.failed ? say("inbox.notice_failed") : say("inbox.bulk_done", { count: shown.done }))}
      </p>
      {chosen.size > 0 && (
        <div class="inbox-choice" role="toolbar" aria-label={say("inbox.chosen", { count: chosen.size })} data-lc="choice">
          <p>
            {say("inbox.chosen", { count: chosen.size })}
            {!all && (
              <button type="button" class="link-button" onClick={() => desk.lists.choose(rows.map(({ id }) => id))}>
                {say("inbox.choose_all", { count: rows.length })}
              </button>
            )}
            <button type="button" class="button quiet only-icon" aria-label={say("inbox.choose_none")} onClick={() => desk.lists.choose([], null)}>
              <Icon path={CROSS} />
            </button>
          </p>
          <button type="button" class="button" onClick={() => void desk.lists.bulk([...chosen], { action: "close" })}>{say("inbox.close")}</button>
          <button type="button" class="button" onClick={() => act("snooze")}>{say("inbox.snooze")}</button>
          <button type="button" class="button" onClick={() => act("tag")}>{say("inbox.tag")}</button>
          <button type="button" class="button" onClick={() => act("assign")}>{say("inbox.assign_short")}</button>
          <button type="button" class="button" onClick={() => void desk.lists.bulk([...chosen], { action: "seen" })}>{say("inbox.mark_read")}</button>
        </div>
      )}
    </>
  );
}
