// The inbox as a whole: three columns, one at a time on a phone.
import { useEffect, useState } from "preact/hooks";
import { About } from "./about";
import { Bar } from "./bar";
import { useInbox } from "./context";
import { commandOf, focusRow, Keys, step, type Command } from "./keys";
import { Queue } from "./queue";
import { Thread } from "./thread";

export function App() {
  const { desk, say } = useInbox();
  const [state, setState] = useState(desk.state);
  const [details, setDetails] = useState(false);
  const [keys, setKeys] = useState(false);
  useEffect(() => {
    // Drawn once a frame however much happens in it: a whole queue may change its status at once.
    let frame = 0;
    const draw = () => {
      frame = 0;
      setState(desk.state());
    };
    return desk.subscribe(() => (frame ||= requestAnimationFrame(draw)));
  }, []);
  useEffect(() => setDetails(false), [state.opened]);

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const command = commandOf(event);
      if (!command || (keys && command !== "escape")) return;
      if (command !== "escape") event.preventDefault();
      act(command);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  });

  function act(command: Command): void {
    const { opened, conversations, me } = desk.state();
    const summary = opened ? conversations[opened] : undefined;
    if (command === "next") return step(desk, 1);
    if (command === "previous") return step(desk, -1);
    if (command === "help") return setKeys(true);
    if (command === "escape") return leave();
    if (!opened || !summary) return;
    if (command === "close") return summary.status === "closed" ? undefined : desk.close(opened);
    if (command === "take") return summary.operator?.id === me.id ? undefined : desk.take(opened);
    desk.mode(opened, command);
    requestAnimationFrame(() => document.querySelector<HTMLElement>("[data-lc=reply]")?.focus());
  }

  // Each press leaves one thing: the page of keys, the field, the visitor's column, then the conversation.
  function leave(): void {
    const { opened } = desk.state();
    if (keys) return setKeys(false);
    if (document.activeElement?.closest("[data-composer]")) return opened ? focusRow(opened) : undefined;
    if (details) return setDetails(false);
    if (!opened) return;
    desk.open(null);
    requestAnimationFrame(() => focusRow(opened));
  }

  const summary = state.opened ? state.conversations[state.opened] : undefined;
  const view = !state.opened ? "queue" : details ? "about" : "thread";
  return (
    <div class="inbox" data-view={view} data-link={state.link}>
      <Bar state={state} onKeys={() => setKeys(true)} />
      <div class="inbox-columns">
        <Queue state={state} />
        {summary ? (
          <>
            <Thread state={state} summary={summary} onDetails={() => setDetails(true)} />
            <About state={state} summary={summary} onBack={() => setDetails(false)} />
          </>
        ) : (
          <section class="inbox-thread inbox-nothing">
            {state.missing ? (
              <div>
                <h2>{say("inbox.missing_title")}</h2>
                <p>{say("inbox.missing_text")}</p>
                <button type="button" class="button" onClick={() => desk.open(null)}>{say("inbox.back")}</button>
              </div>
            ) : state.opened ? (
              <p class="inbox-late">{say("inbox.loading")}</p>
            ) : (
              Object.keys(state.conversations).length > 0 && <div>
                <h2>{say("inbox.pick_title")}</h2>
                <p class="inbox-with-keys">{say("inbox.pick_text")}</p>
              </div>
            )}
          </section>
        )}
      </div>
      <Keys shown={keys} onClose={() => setKeys(false)} />
    </div>
  );
}
