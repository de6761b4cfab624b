// The inbox as a whole: three columns, one at a time on a phone.
import { useEffect, useRef, useState } from "preact/hooks";
import { About } from "./about";
import { Bar } from "./bar";
import { CommandContext, targets } from "./commands";
import { useInbox } from "./context";
import { Ask, type Asked } from "./dialogs";
import { Keys, reader, type Command } from "./keys";
import { choose, focusRow, Queue } from "./queue";
import { focusSearch, stepHits } from "./search";
import { queue } from "./select";
import { Thread } from "./thread";
import { Transfer } from "./transfer";

export function App() {
  const { desk, say } = useInbox();
  const [state, setState] = useState(desk.state);
  const [details, setDetails] = useState(false);
  const [keys, setKeys] = useState(false);
  const [asked, setAsked] = useState<{ what: Asked; ids: string[] } | null>(null);
  const [handing, setHanding] = useState(false);
  const read = useRef(reader()).current;
  // Until the field has the focus, what is typed into it already must not be taken for commands.
  const entering = useRef(false);
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
      const command = read(event);
      if (!command || entering.current || document.querySelector("dialog[open]")) return;
      if (command !== "escape") event.preventDefault();
      act(command);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  });

  function act(command: Command): void {
    const now = desk.state();
    const { opened, conversations, me } = now;
    if (command.startsWith("view:")) return desk.lists.view(command.slice(5));
    switch (command) {
      case "next":
        return step(1);
      case "previous":
        return step(-1);
      case "down":
        return extend(1);
      case "up":
        return extend(-1);
      case "help":
        return setKeys(true);
      case "search":
        return focusSearch();
      case "escape":
        return leave();
      case "choose": {
        const row = document.activeElement?.closest<HTMLElement>("[data-lc=conversation]")?.dataset.id ?? opened;
        return row ? choose(now, desk, row, false) : undefined;
      }
      case "snooze":
      case "tag":
        return ask(command);
      case "assign":
        return assign();
      case "close": {
        if (now.lists.chosen.size > 0) return void desk.lists.bulk(targets(now), { action: "close" });
        const [one] = targets(now);
        return one && conversations[one]!.status !== "closed" ? desk.close(one) : undefined;
      }
    }
    const summary = opened ? conversations[opened] : undefined;
    if (!opened || !summary) return;
    if (command === "spam") return summary.spam ? undefined : desk.spam(opened);
    if (command === "release") return summary.spam === false ? undefined : desk.release(opened);
    if (command === "take") return summary.operator?.id === me.id ? undefined : desk.take(opened);
    desk.mode(opened, command === "note" || command === "email" ? command : "reply");
    entering.current = true;
    requestAnimationFrame(() => {
      entering.current = false;
      const field = document.querySelector<HTMLTextAreaElement>("[data-lc=reply]");
      field?.focus();
      // A canned reply is chosen by what stands after the slash.
      if (command === "canned" && field && !field.value) document.execCommand("insertText", false, "/");
    });
  }

  /** Open the conversation so many places further down the list, and put the focus on its row. */
  function step(by: 1 | -1): void {
    if (stepHits(by)) return;
    const rows = queue(desk.state());
    const at = rows.findIndex(({ id }) => id === desk.state().opened);
    const wanted = at < 0 ? rows[0] : rows[at + by];
    if (!wanted) return;
    desk.open(wanted.id);
    focusRow(wanted.id);
  }

  /** Choose the row that has the focus and the next one, and go there. */
  function extend(by: 1 | -1): void {
    const now = desk.state();
    const rows = queue(now);
    const here = document.activeElement?.closest<HTMLElement>("[data-lc=conversation]")?.dataset.id ?? now.opened;
    const at = rows.findIndex(({ id }) => id === here);
    const next = rows[at + by];
    if (!next) return;
    desk.lists.choose([...now.lists.chosen, ...(at < 0 ? [] : [rows[at]!.id]), next.id], now.lists.anchor ?? rows[at]?.id ?? next.id);
    focusRow(next.id);
  }

  function ask(what: Asked): void {
    const ids = targets(desk.state());
    if (ids.length > 0) setAsked({ what, ids });
  }

  // One conversation is handed on with a note; many are handed on at once.
  function assign(): void {
    const { lists, opened, conversations } = desk.state();
    if (lists.chosen.size > 0 || !opened) return ask("assign");
    if (conversations[opened] && conversations[opened].status !== "closed") setHanding(true);
  }

  // Each press leaves one thing: the field, the visitor's column, what was chosen, then the conversation.
  function leave(): void {
    const { opened, lists } = desk.state();
    const field = document.activeElement?.closest("[data-composer], [data-lc=search]");
    if (field) {
      (document.activeElement as HTMLElement).blur();
      return opened ? focusRow(opened) : undefined;
    }
    if (details) return setDetails(false);
    if (lists.chosen.size > 0) return desk.lists.choose([], null);
    if (!opened) return;
    desk.open(null);
    focusRow(opened);
  }

  const summary = state.opened ? state.conversations[state.opened] : undefined;
  const view = !state.opened ? "queue" : details ? "about" : "thread";
  return (
    <CommandContext.Provider value={act}>
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
        {handing && summary && <Transfer state={state} summary={summary} onClose={() => setHanding(false)} />}
        {asked && <Ask asked={asked.what} state={state} ids={asked.ids} onClose={() => setAsked(null)} />}
      </div>
    </CommandContext.Provider>
  );
}
