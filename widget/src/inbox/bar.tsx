// The line above the columns: whether one is there for visitors, who else is, whether the connection holds.
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon, useInbox } from "./context";
import { BELL, KEYS, MUTED, SOUND } from "./icons";
import { Mentions } from "./mentions";
import { useMenu } from "./menu";
import { People } from "./people";
import type { State } from "./state";
import { byThere, isThere, standing } from "./team";

const BACK_SHOWN_MS = 3000;
const SHOWN = 5; // colleagues in the bar itself

export function Bar({ state, onKeys }: { state: State; onKeys: () => void }) {
  const { say } = useInbox();
  return (
    <header class="inbox-bar">
      <h1>{say("inbox.title")}</h1>
      <Connection state={state} />
      <div class="inbox-bar-end">
        <Colleagues state={state} />
        <People state={state} />
        <Mentions state={state} />
        <SoundButton />
        <NotifyButton />
        <button type="button" class="button quiet only-icon inbox-keys-button" aria-label={say("inbox.keys")} title={`${say("inbox.keys")} (?)`} onClick={onKeys}>
          <Icon path={KEYS} />
        </button>
        <Switch state={state} />
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

/** What one chose, and what has become of it: who is idle counts as away until the first movement. */
function Switch({ state }: { state: State }) {
  const { desk, say } = useInbox();
  const { me } = state;
  const idle = me.available && me.idle;
  const hint = idle ? "inbox.presence_idle_hint" : state.available ? "inbox.chat_on" : "inbox.chat_off";
  return (
    <button
      type="button"
      role="switch"
      class="inbox-switch"
      data-lc="presence"
      data-state={idle ? "idle" : me.available ? "available" : "away"}
      aria-checked={me.available}
      aria-label={say("inbox.presence_label")}
      title={state.link === "up" ? say(hint) : undefined}
      onClick={() => desk.available(!me.available)}
    >
      <i />
      {say(idle ? "inbox.presence_idle" : me.available ? "inbox.presence_available" : "inbox.presence_away")}
    </button>
  );
}

/** The others at a glance, and behind it who they are and how much they have to do. */
function Colleagues({ state }: { state: State }) {
  const { say } = useInbox();
  const { props } = useMenu();
  const others = byThere(state.operators.filter(({ id }) => id !== state.me.id));
  if (others.length === 0) return null;
  const there = others.filter(isThere).length;
  const label = say("inbox.colleagues_there", { count: there, all: others.length });
  return (
    <details
      class="inbox-menu inbox-team"
      data-lc="colleagues"
      {...props}
    >
      <summary class="inbox-colleagues" aria-label={label} title={label}>
        {others.slice(0, SHOWN).map((person) => (
          <span key={person.id} data-here={isThere(person) || undefined} aria-hidden="true">
            {[...person.name][0]?.toUpperCase()}
          </span>
        ))}
        {others.length > SHOWN && <span aria-hidden="true">+{others.length - SHOWN}</span>}
      </summary>
      <div class="inbox-menu-list">
        <h3>{say("inbox.colleagues")}</h3>
        <ul>
          {others.map((person) => (
            <li key={person.id} data-lc="colleague" data-id={person.id} data-here={isThere(person) || undefined}>
              <bdi>{person.name}</bdi> <small>{standing(person, say)}</small>
            </li>
          ))}
        </ul>
      </div>
    </details>
  );
}

function SoundButton() {
  const { alerts, say } = useInbox();
  const [on, setOn] = useState(alerts.sound());
  const [ready, setReady] = useState(alerts.ready());
  const wasReady = useRef(ready);
  useEffect(() => alerts.onReady(setReady), []);
  const words = say(!on ? "inbox.sound_off" : ready ? "inbox.sound_on" : "inbox.sound_later");
  // The press itself lets the page sound: it must not switch off what it has just begun.
  const pressed = () => (wasReady.current = ready);
  return (
    <button
      type="button"
      class="button quiet only-icon"
      aria-pressed={on}
      aria-label={words}
      title={words}
      onPointerDown={pressed}
      onKeyDown={pressed}
      onClick={() => {
        const wanted = !on || !wasReady.current;
        alerts.setSound(wanted);
        setOn(wanted);
      }}
    >
      <Icon path={on && ready ? SOUND : MUTED} />
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
