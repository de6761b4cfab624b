import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { tooLong } from "../chat/state";
import { SEND } from "../icons";
import type { Desk } from "./desk";
import { Icon } from "./Icon";

const LINES_PX = 136;

export function Composer({ desk }: { desk: Desk }) {
  const { t, lang } = desk;
  const [text, setText] = useState(desk.draft);
  const field = useRef<HTMLTextAreaElement>(null);
  const over = tooLong(text.trim());
  const empty = !text.trim();

  // Grows with what is typed up to five lines, then scrolls.
  useLayoutEffect(() => {
    const { current } = field;
    if (!current) return;
    current.style.blockSize = "auto";
    current.style.blockSize = `${Math.min(current.scrollHeight, LINES_PX)}px`;
  }, [text, desk.open]);

  function type(typed: string): void {
    setText(typed);
    desk.saveDraft(typed);
    if (typed.trim()) desk.chat.typing();
  }

  function send(event: Event): void {
    event.preventDefault();
    field.current?.focus();
    if (empty || over > 0) return;
    desk.chat.send(text);
    setText("");
    desk.saveDraft("");
  }

  function onKeyDown(event: KeyboardEvent): void {
    // While an input method composes a word, Enter belongs to it.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) send(event);
  }

  return (
    <form class="composer" onSubmit={send}>
      <div class="writing">
        <textarea
          ref={field}
          data-lc="composer"
          dir={text ? "auto" : undefined}
          rows={1}
          value={text}
          enterkeyhint="send"
          placeholder={t("composer_placeholder")}
          aria-label={t("composer_label")}
          aria-invalid={over > 0}
          onInput={(event) => type(event.currentTarget.value)}
          onKeyDown={onKeyDown}
        />
        <button type="submit" class="send" data-lc="send" aria-label={t("send")} aria-disabled={empty || over > 0}>
          <Icon path={SEND} />
        </button>
      </div>
      {over > 0 && <p class="over" role="alert">{t("too_long", { count: over.toLocaleString(lang) })}</p>}
    </form>
  );
}
