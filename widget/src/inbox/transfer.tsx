// Handing a conversation on: to a colleague or back to the queue, with a note; and joining one.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Summary } from "../protocol";
import { useCommand } from "./commands";
import { useInbox } from "./context";
import { Dialog } from "./dialogs";
import type { State } from "./state";
import { byThere, isThere, standing } from "./team";

const QUEUE = "";
const LONGEST_NOTE = 4000;

/** The buttons in a conversation's head. */
export function Handing({ summary }: { summary: Summary }) {
  const { desk, say, given } = useInbox();
  const act = useCommand();
  const { id, operator, site, joined, status } = summary;
  const me = desk.state().me;
  const mayJoin = given.manages.includes(site.key) && operator && operator.id !== me.id && !joined.includes(me.name);
  if (status === "closed") return null;
  return (
    <>
      {mayJoin && (
        <button type="button" class="button" data-lc="join" title={say("inbox.join_hint")} onClick={() => desk.join(id)}>
          {say("inbox.join")}
        </button>
      )}
      <button type="button" class="button" data-lc="hand-on" onClick={() => act("assign")}>{say("inbox.hand_on")}</button>
    </>
  );
}

interface Props {
  state: State;
  summary: Summary;
  onClose: () => void;
}

/** Asks to whom, and for a note. */
export function Transfer({ state, summary, onClose }: Props) {
  const { desk, say } = useInbox();
  const list = useRef<HTMLFieldSetElement>(null);
  const [to, setTo] = useState<string | null>(null);
  const [note, setNote] = useState("");
  const [going, setGoing] = useState(false);
  const queued = summary.status === "waiting" && !summary.operator;
  const others = byThere(state.operators.filter(({ id }) => id !== summary.operator?.id));
  useEffect(() => list.current?.querySelector<HTMLElement>("input:enabled")?.focus(), []);

  async function hand(): Promise<void> {
    if (to === null) return;
    setGoing(true);
    const done = await desk.handOn(summary.id, to === QUEUE ? null : to, note.trim());
    setGoing(false);
    if (done) onClose();
  }

  return (
    <Dialog title={say("inbox.hand_on_title")} onClose={onClose}>
      <form
        class="inbox-transfer"
        data-lc="transfer"
        onSubmit={(event) => {
          event.preventDefault();
          void hand();
        }}
      >
        <fieldset ref={list}>
          <legend>{say("inbox.hand_on_to")}</legend>
          {others.map((person) => (
            <Choice key={person.id} value={person.id} chosen={to} choose={setTo} there={isThere(person)} absent={!person.here}>
              <bdi>{person.id === state.me.id ? say("inbox.assign_me") : person.name}</bdi>
              <small>{standing(person, say)}</small>
            </Choice>
          ))}
          {!queued && (
            <Choice value={QUEUE} chosen={to} choose={setTo} there>
              {say("inbox.hand_on_queue")}
              <small>{say("inbox.hand_on_queue_hint")}</small>
            </Choice>
          )}
        </fieldset>
        <label class="inbox-field">
          {say("inbox.hand_on_note")}
          <textarea
            rows={3}
            dir="auto"
            maxLength={LONGEST_NOTE}
            placeholder={say("inbox.note_hint")}
            value={note}
            onInput={(event) => setNote(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void hand();
            }}
          />
        </label>
        <button type="submit" class="button primary" disabled={to === null || going}>{say("inbox.hand_on_do")}</button>
      </form>
    </Dialog>
  );
}

interface ChoiceProps {
  value: string;
  chosen: string | null;
  choose: (value: string) => void;
  there: boolean;
  /** Not connected at all: what one is handed would be in the queue again at once. */
  absent?: boolean;
  children: ComponentChildren;
}

function Choice({ value, chosen, choose, there, absent, children }: ChoiceProps) {
  return (
    <label class="inbox-check" data-there={there || undefined}>
      <input type="radio" name="to" value={value} checked={chosen === value} disabled={absent} onChange={() => choose(value)} />
      <span>{children}</span>
    </label>
  );
}
