// Where the operator was named in notes: a count in the bar, and the list behind it.
import { clockTime, dayName } from "../chat/when";
import { Icon, useInbox } from "./context";
import { AT } from "./icons";
import { useMenu } from "./menu";
import type { State } from "./state";

export function Mentions({ state }: { state: State }) {
  const { desk, say, given } = useInbox();
  const { leave, props } = useMenu();
  const fresh = state.mentions.filter(({ seen }) => !seen).length;
  const label = fresh ? `${say("inbox.mentions")}. ${say("inbox.mentions_new", { count: fresh })}` : say("inbox.mentions");
  const days = { today: say("inbox.today"), yesterday: say("inbox.yesterday") };
  return (
    <details
      class="inbox-menu"
      data-lc="mentions"
      {...props}
    >
      <summary class="button quiet only-icon" aria-label={label} title={label}>
        <Icon path={AT} />
        {fresh > 0 && <span class="inbox-menu-count" aria-hidden="true">{fresh}</span>}
      </summary>
      <div class="inbox-menu-list">
        <h3>{say("inbox.mentions")}</h3>
        {state.mentions.length === 0 && <p>{say("inbox.mentions_none")}</p>}
        {state.mentions.map(({ id, conversation, by, body, at, seen }) => (
          <button
            key={id}
            type="button"
            class="inbox-mention"
            data-fresh={!seen || undefined}
            onClick={() => {
              leave();
              desk.open(conversation);
            }}
          >
            <span>
              <b><bdi>{say("inbox.mention_by", { name: by })}</bdi></b>{" "}
              <time dateTime={at}>{dayName(Date.parse(at), given.lang, days)}, {clockTime(at, given.lang)}</time>
            </span>
            <span dir="auto">{body}</span>
          </button>
        ))}
      </div>
    </details>
  );
}
