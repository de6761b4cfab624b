// Everything by keyboard, and the page that says so.
import { useEffect, useRef } from "preact/hooks";
import { useInbox } from "./context";
import type { Desk } from "./desk";
import { queue } from "./select";

export type Command = "next" | "previous" | "reply" | "note" | "close" | "take" | "help" | "escape";

const COMMANDS: Record<string, Command> = {
  j: "next", k: "previous", r: "reply", n: "note", e: "close", t: "take", "?": "help", Escape: "escape",
};

/** What a key means where it was pressed: inside a field only Escape is ours, and a combination never is. */
export function commandOf(event: KeyboardEvent): Command | null {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return null;
  const field = event.target instanceof Element && event.target.closest("input, textarea, select, [contenteditable]");
  if (field && event.key !== "Escape") return null;
  return COMMANDS[event.key] ?? null;
}

/** Open the conversation `by` places further down the queue, and put the focus on its row. */
export function step(desk: Desk, by: 1 | -1): void {
  const rows = queue(desk.state());
  const at = rows.findIndex(({ id }) => id === desk.state().opened);
  const wanted = at < 0 ? rows[0] : rows[at + by];
  if (!wanted) return;
  desk.open(wanted.id);
  requestAnimationFrame(() => focusRow(wanted.id));
}

/** Put the focus on a conversation's row in the queue. */
export function focusRow(id: string): void {
  document.querySelector<HTMLElement>(`[data-lc=conversation][data-id="${CSS.escape(id)}"]`)?.focus();
}

export function Keys({ shown, onClose }: { shown: boolean; onClose: () => void }) {
  const { say } = useInbox();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (shown) dialog.current?.showModal();
    else dialog.current?.close();
  }, [shown]);
  const rows = [
    ["j", "inbox.key_next"], ["k", "inbox.key_previous"], ["r", "inbox.key_reply"], ["n", "inbox.key_note"],
    ["t", "inbox.key_take"], ["e", "inbox.key_close"], ["?", "inbox.key_help"], ["Esc", "inbox.key_escape"],
  ] as const;
  return (
    <dialog
      ref={dialog}
      class="inbox-keys"
      aria-label={say("inbox.keys")}
      onClose={onClose}
      onClick={(event) => event.target === dialog.current && onClose()}
    >
      <h2>{say("inbox.keys")}</h2>
      <dl>
        {rows.map(([key, words]) => (
          <div key={key}>
            <dt><kbd>{key}</kbd></dt>
            <dd>{say(words)}</dd>
          </div>
        ))}
      </dl>
      <p class="inbox-hint">{say("inbox.enter_hint")}</p>
      <button type="button" class="button" onClick={onClose}>{say("inbox.keys_close")}</button>
    </dialog>
  );
}
