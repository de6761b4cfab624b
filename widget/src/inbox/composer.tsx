// Where an operator writes: to the visitor, by e-mail, or a note to the team; and where own messages are changed.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { MESSAGE_LIMIT, type Summary } from "../protocol";
import { AttachButton, Attachments, isUploading } from "./attachments";
import { Icon, nameOf, useInbox } from "./context";
import { EmailReply, reach } from "./emailing";
import { CROSS, NOTE, SEND } from "./icons";
import { gaps } from "./insert";
import { attachmentsOf, draftOf, type Mode, type State } from "./state";
import { LIST, optionId, SuggestionList, useSuggestions } from "./suggest";

const TALLEST = 200; // px, then it scrolls

export function Composer({ state, summary }: { state: State; summary: Summary }) {
  const { desk, say } = useInbox();
  const field = useRef<HTMLTextAreaElement>(null);
  const [problem, setProblem] = useState("");
  const [saving, setSaving] = useState(false);
  const { id } = summary;
  // The desk's state is newer than what was drawn: a field drawn with what stood in it before would lose what was typed.
  const { mode, editing, ...written } = draftOf(desk.state(), id);
  const text = editing ? editing.text : written[mode];
  const attachments = editing || mode === "email" ? [] : attachmentsOf(desk.state(), id);
  const over = lengthOf(text) - MESSAGE_LIMIT;
  const shut = summary.status === "closed" && mode !== "note" && !editing;
  const nowhere = mode === "email" && !editing && reach(summary) === "nowhere";
  const suggestions = useSuggestions({ state, summary, mode: () => writes(desk.state(), id), field });

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
  useEffect(() => {
    setProblem("");
    if (editing) field.current?.focus();
  }, [editing?.id]);

  function send(): void {
    // What is drawn may be a frame behind what was typed.
    const draft = draftOf(desk.state(), id);
    const now = draft.editing ? draft.editing.text : draft[draft.mode];
    field.current?.focus();
    if (shut || nowhere || saving || lengthOf(now) > MESSAGE_LIMIT) return;
    const gap = gaps(now)[0];
    if (gap) {
      field.current?.setSelectionRange(gap.from, gap.to);
      return setProblem(say("inbox.gap", { gap: gap.text }));
    }
    if (draft.editing) return void save();
    if (isUploading(attachmentsOf(desk.state(), id))) return setProblem(say("inbox.attach_wait"));
    setProblem("");
    desk.send(id);
  }

  async function save(): Promise<void> {
    setSaving(true);
    setProblem("");
    const wrong = await desk.saveEdit(id);
    setSaving(false);
    if (!wrong) return;
    const reason = wrong.code === "no_connection" ? say("inbox.reason_no_connection") : wrong.message;
    setProblem(say("inbox.edit_failed", { reason }));
  }

  /** The up arrow in an empty field takes up one's last message. */
  function editLast(): boolean {
    const kind = mode === "note" ? "note" : "reply";
    // What is still on its way has no place to be changed in, and what stands before it is not the last.
    if (state.outbox.some(({ conversation }) => conversation === id)) return false;
    const last = state.threads[id]?.messages.findLast(
      (one) => one.operator === state.me.id && one.kind === kind && !one.deleted && !one.by_email && one.body,
    );
    if (last) desk.edit(id, last.id);
    return !!last;
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (suggestions.onKey(event) || event.isComposing) return;
    const plain = !event.shiftKey && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (event.key === "Enter" && !event.shiftKey) send();
    else if (event.key === "ArrowUp" && plain && !text && !editing && editLast()) {
      // The field draws it next.
    } else if (event.key === "Escape" && editing) desk.edit(id, null);
    else return;
    event.preventDefault();
  }

  const nothing = !text.trim() && (editing ? true : !attachments.some(({ file }) => file));
  return (
    <form
      class={`inbox-composer inbox-composer-${mode}`}
      data-composer
      data-editing={editing ? true : undefined}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {editing ? (
        <p class="inbox-modes inbox-editing">
          <span>{say("inbox.editing")}</span>
          <button type="button" class="button small quiet" data-lc="edit-cancel" onClick={() => desk.edit(id, null)}>
            <Icon path={CROSS} />{say("inbox.edit_cancel")}
          </button>
        </p>
      ) : (
        <div class="inbox-modes" role="group" aria-label={say("inbox.mode")}>
          <ModeButton mode="reply" chosen={mode} id={id} />
          <ModeButton mode="email" chosen={mode} id={id} />
          <ModeButton mode="note" chosen={mode} id={id} />
          <Hint summary={summary} mode={mode} state={state} />
        </div>
      )}
      {shut ? (
        <p class="inbox-shut">
          {say("inbox.reply_reopens")}{" "}
          <button type="button" class="button small" onClick={() => desk.take(id)} data-lc="take">
            {say("inbox.reopen")}
          </button>
        </p>
      ) : nowhere ? (
        <EmailReply state={state} summary={summary} />
      ) : (
        <>
          <Attachments conversation={id} attachments={attachments} />
          {mode === "email" && !editing && <EmailReply state={state} summary={summary} />}
          <div class="inbox-write">
            <SuggestionList suggestions={suggestions} />
            {!editing && mode !== "email" && <AttachButton conversation={id} />}
            <textarea
              ref={field}
              data-lc="reply"
              data-mode={mode}
              rows={2}
              dir="auto"
              aria-label={say(editing ? "inbox.editing" : "inbox.composer")}
              aria-describedby="inbox-limit"
              aria-invalid={over > 0 || !!problem}
              aria-autocomplete="list"
              aria-haspopup="listbox"
              aria-controls={suggestions.open ? LIST : undefined}
              aria-activedescendant={suggestions.open ? optionId(suggestions.chosen) : undefined}
              placeholder={placeholder(mode)}
              value={text}
              onInput={(event) => {
                setProblem("");
                desk.write(id, event.currentTarget.value);
                suggestions.look();
              }}
              onKeyUp={suggestions.look}
              onClick={suggestions.look}
              onKeyDown={onKeyDown}
              onPaste={(event) => {
                const files = [...(event.clipboardData?.files ?? [])];
                if (files.length === 0 || editing || mode === "email") return;
                event.preventDefault();
                desk.attach(id, files);
              }}
            />
            <button type="submit" class="button primary inbox-send" data-lc="send" disabled={nothing || nowhere || over > 0 || saving} title={say("inbox.enter_hint")}>
              {!editing && <Icon path={mode === "note" ? NOTE : SEND} />}
              {say(editing ? (saving ? "inbox.edit_saving" : "inbox.edit_save") : SENDS[mode])}
            </button>
          </div>
        </>
      )}
      <p id="inbox-limit" class="inbox-limit" role="status">
        {over > 0 ? say("inbox.too_long", { count: over }) : problem}
      </p>
    </form>
  );

  function placeholder(chosen: Mode): string {
    if (chosen === "note") return say("inbox.note_placeholder");
    return say(chosen === "email" ? "inbox.email_placeholder" : "inbox.reply_placeholder", { name: nameOf(summary, say) });
  }
}

const SENDS = { reply: "inbox.send", note: "inbox.send_note", email: "inbox.send_email" } as const;
const MODES = { reply: "inbox.mode_reply", note: "inbox.mode_note", email: "inbox.mode_email" } as const;
const HOOKS = { reply: "to-visitor", note: "note", email: "by-email" } as const;

const lengthOf = (text: string) => [...text.trim()].length;

/** What is written now: a message that is edited stays what it is. */
function writes(state: State, conversation: string): Mode {
  const { mode, editing } = draftOf(state, conversation);
  if (!editing) return mode;
  return state.threads[conversation]?.messages.find(({ id }) => id === editing.id)?.kind === "note" ? "note" : "reply";
}

export function ModeButton({ mode, chosen, id }: { mode: Mode; chosen: Mode; id: string }) {
  const { desk, say } = useInbox();
  return (
    <button
      type="button"
      aria-pressed={mode === chosen}
      data-lc={HOOKS[mode]}
      onClick={(event) => {
        desk.mode(id, mode);
        event.currentTarget.closest("form")?.querySelector("textarea")?.focus();
      }}
    >
      {say(MODES[mode])}
    </button>
  );
}

function Hint({ summary, mode, state }: { summary: Summary; mode: Mode; state: State }) {
  const { say } = useInbox();
  if (mode === "email") return null;
  if (mode === "note") return <span class="inbox-hint">{say("inbox.note_hint")}</span>;
  if (summary.status === "closed") return null;
  if (summary.status === "unanswered" && summary.visitor.email) return <span class="inbox-hint">{say("inbox.reply_question")}</span>;
  if (!summary.operator) return <span class="inbox-hint">{say("inbox.reply_takes")}</span>;
  if (summary.operator.id !== state.me.id) return <span class="inbox-hint">{say("inbox.badge_with", { name: summary.operator.name })}</span>;
  return null;
}
