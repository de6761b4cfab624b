// Where an operator writes: to the visitor, or a note to the team.
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { MESSAGE_LIMIT, type Summary } from "../protocol";
import { Icon, nameOf, useInbox } from "./context";
import { NOTE, SEND } from "./icons";
import { draftOf, type Mode, type State } from "./state";

const TALLEST = 200; // px, then it scrolls

export function Composer({ state, summary }: { state: State; summary: Summary }) {
  const { desk, say } = useInbox();
  const field = useRef<HTMLTextAreaElement>(null);
  const { id } = summary;
  const draft = draftOf(state, id);
  const { mode } = draft;
  const text = draft[mode];
  const over = lengthOf(text) - MESSAGE_LIMIT;
  const shut = summary.status === "closed" && mode === "reply";

  useLayoutEffect(() => {
    const area = field.current;
    if (!area) return;
    area.style.blockSize = "auto";
    area.style.blockSize = `${Math.min(area.scrollHeight + 2, TALLEST)}px`;
  }, [text, id, shut]);
  useEffect(() => {
    // On a phone the keyboard would hide the conversation that was just opened.
    if (matchMedia("(pointer: fine)").matches && document.activeElement?.closest("[data-composer]")) field.current?.focus();
  }, [id, mode]);

  const send = () => {
    // What is drawn may be a frame behind what was typed.
    const written = draftOf(desk.state(), id)[mode];
    if (!shut && lengthOf(written) <= MESSAGE_LIMIT) desk.send(id);
    field.current?.focus();
  };
  return (
    <form
      class={`inbox-composer inbox-composer-${mode}`}
      data-composer
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <div class="inbox-modes" role="group" aria-label={say("inbox.mode")}>
        <ModeButton mode="reply" chosen={mode} id={id} />
        <ModeButton mode="note" chosen={mode} id={id} />
        <Hint summary={summary} mode={mode} state={state} />
      </div>
      {shut ? (
        <p class="inbox-shut">
          {say("inbox.reply_reopens")}{" "}
          <button type="button" class="button small" onClick={() => desk.take(id)} data-lc="take">
            {say("inbox.reopen")}
          </button>
        </p>
      ) : (
        <div class="inbox-write">
          <textarea
            ref={field}
            data-lc="reply"
            data-mode={mode}
            rows={2}
            dir="auto"
            aria-label={say("inbox.composer")}
            aria-describedby="inbox-limit"
            aria-invalid={over > 0}
            placeholder={mode === "note" ? say("inbox.note_placeholder") : say("inbox.reply_placeholder", { name: nameOf(summary, say) })}
            value={text}
            onInput={(event) => desk.write(id, event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
              event.preventDefault();
              send();
            }}
          />
          <button type="submit" class="button primary inbox-send" data-lc="send" disabled={!text.trim() || over > 0} title={say("inbox.enter_hint")}>
            <Icon path={mode === "note" ? NOTE : SEND} />
            {say(mode === "note" ? "inbox.send_note" : "inbox.send")}
          </button>
        </div>
      )}
      <p id="inbox-limit" class="inbox-limit" role="status">
        {over > 0 && say("inbox.too_long", { count: over })}
      </p>
    </form>
  );
}

const lengthOf = (text: string) => [...text.trim()].length;

function ModeButton({ mode, chosen, id }: { mode: Mode; chosen: Mode; id: string }) {
  const { desk, say } = useInbox();
  return (
    <button
      type="button"
      aria-pressed={mode === chosen}
      data-lc={mode === "note" ? "note" : "to-visitor"}
      onClick={(event) => {
        desk.mode(id, mode);
        event.currentTarget.closest("form")?.querySelector("textarea")?.focus();
      }}
    >
      {say(mode === "note" ? "inbox.mode_note" : "inbox.mode_reply")}
    </button>
  );
}

function Hint({ summary, mode, state }: { summary: Summary; mode: Mode; state: State }) {
  const { say } = useInbox();
  if (mode === "note") return <span class="inbox-hint">{say("inbox.note_hint")}</span>;
  if (summary.status === "closed") return null;
  if (summary.status === "unanswered" && summary.visitor.email) return <span class="inbox-hint">{say("inbox.reply_question")}</span>;
  if (!summary.operator) return <span class="inbox-hint">{say("inbox.reply_takes")}</span>;
  if (summary.operator.id !== state.me.id) return <span class="inbox-hint">{say("inbox.badge_with", { name: summary.operator.name })}</span>;
  return null;
}
