// The line above the columns: whether one is there for visitors, who else is, whether the connection holds.
import { useEffect, useState } from "preact/hooks";
import { Icon, useInbox } from "./context";
import { BELL, KEYS, MUTED, SOUND } from "./icons";
import { Mentions } from "./mentions";
import type { State } from "./state";

const BACK_SHOWN_MS = 3000;

export function Bar({ state, onKeys }: { state: State; onKeys: () => void }) {
  const { desk, say } = useInbox();
  const { me } = state;
  return (
    <header class="inbox-bar">
      <h1>{say("inbox.title")}</h1>
      <Connection state={state} />
      <div class="inbox-bar-end">
        <Colleagues state={state} />
        <Mentions state={state} />
        <SoundButton />
        <NotifyButton />
        <button type="button" class="button quiet only-icon inbox-keys-button" aria-label={say("inbox.keys")} title={`${say("inbox.keys")} (?)`} onClick={onKeys}>
          <Icon path={KEYS} />
        </button>
        <button
          type="button"
          role="switch"
          class="inbox-switch"
          data-lc="presence"
          aria-checked={me.available}
          aria-label={say("inbox.presence_label")}
          title={state.link === "up" ? say(state.available ? "inbox.chat_on" : "inbox.chat_off") : undefined}
          onClick={() => desk.available(!me.available)}
        >
          <i />
          {say(me.available ? "inbox.presence_available" : "inbox.presence_away")}
        </button>
      </div>
    </header>
  );
}

function Connection({ state }: { state: State }) {
  const { say, given } = useInbox();
  const [was, setWas] = useState(state.link);
  const [back, setBack] = useState(false);
  useEffect(() => {
    if (state.link === was) return;
    setWas(state.link);
    setBack(state.link === "up" && was === "down");
  }, [state.link]);
  useEffect(() => {
    if (!back) return;
    const timer = setTimeout(() => setBack(false), BACK_SHOWN_MS);
    return () => clearTimeout(timer);
  }, [back]);
  return (
    <p class="inbox-link" role="status" data-lc="connection" data-link={state.link}>
      {state.link === "connecting" && <span class="soft">{say("inbox.link_connecting")}</span>}
      {state.link === "down" && <span class="inbox-link-down">{say("inbox.link_down")}</span>}
      {state.link === "refused" && (
        <span class="inbox-link-down">{say("inbox.link_refused")} <a href={given.urls.sign_in}>{say("inbox.link_sign_in")}</a></span>
      )}
      {state.link === "up" && back && <span class="inbox-link-back">{say("inbox.link_back")}</span>}
    </p>
  );
}

function Colleagues({ state }: { state: State }) {
  const { say } = useInbox();
  const others = state.operators.filter(({ id }) => id !== state.me.id);
  if (others.length === 0) return null;
  return (
    <ul class="inbox-colleagues" aria-label={say("inbox.colleagues")}>
      {others.slice(0, 5).map(({ id, name, here, available }) => {
        const there = here && available;
        const words = say(there ? "inbox.colleague_here" : "inbox.colleague_away", { name });
        return (
          <li key={id} title={words} data-here={there || undefined}>
            <span aria-hidden="true">{[...name][0]?.toUpperCase()}</span>
            <span class="hidden">{words}</span>
          </li>
        );
      })}
      {others.length > 5 && <li><span>+{others.length - 5}</span></li>}
    </ul>
  );
}

function SoundButton() {
  const { alerts, say } = useInbox();
  const [on, setOn] = useState(alerts.sound());
  const words = say(on ? "inbox.sound_on" : "inbox.sound_off");
  return (
    <button
      type="button"
      class="button quiet only-icon"
      aria-pressed={on}
      aria-label={words}
      title={words}
      onClick={() => {
        alerts.setSound(!on);
        setOn(!on);
      }}
    >
      <Icon path={on ? SOUND : MUTED} />
    </button>
  );
}

function NotifyButton() {
  const { alerts, say } = useInbox();
  const [given, setGiven] = useState(alerts.notifications());
  if (given !== "off") return null;
  return (
    <button
      type="button"
      class="button quiet only-icon"
      aria-label={say("inbox.notify")}
      title={say("inbox.notify")}
      onClick={() => void alerts.askForNotifications().then(() => setGiven(alerts.notifications()))}
    >
      <Icon path={BELL} />
    </button>
  );
}
