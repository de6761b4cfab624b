import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { tooLong, type ChatState } from "../chat/state";
import { CLIP, SEND } from "../icons";
import type { Desk } from "./desk";
import { Icon } from "./Icon";

const LINES_PX = 136;

interface Props {
  desk: Desk;
  state: ChatState;
  field: RefObject<HTMLTextAreaElement | null>;
  /** Asks something before the first message goes out; it waits here until `go` is called. */
  ask: ((go: () => void) => void) | null;
}

export function Composer({ desk, state, field, ask }: Props) {
  const { t, lang, config, chat, uploads, more } = desk;
  const [text, setText] = useState(desk.draft);
  const [problem, setProblem] = useState(false);
  // Sending was pressed while a file was still on its way.
  const [wanted, setWanted] = useState(false);
  const picker = useRef<HTMLInputElement>(null);
  const files = uploads?.list() ?? [];
  const ready = files.filter((one) => one.state === "ready");
  const busy = files.some((one) => one.state === "uploading");
  const failed = files.some((one) => one.state === "failed");
  const over = tooLong(text.trim());
  const empty = !text.trim() && !ready.length && !busy;

  // Grows with what is typed up to five lines, then scrolls.
  useLayoutEffect(() => {
    const { current } = field;
    if (!current) return;
    current.style.blockSize = "auto";
    current.style.blockSize = `${Math.min(current.scrollHeight, LINES_PX)}px`;
  }, [text, desk.open]);

  useEffect(() => {
    if (!wanted || busy) return;
    setWanted(false);
    if (!failed) post();
  }, [wanted, busy]);

  function type(typed: string): void {
    setText(typed);
    desk.saveDraft(typed);
    if (typed.trim()) chat.typing(typed);
  }

  const deliver = useRef(() => {});
  deliver.current = () => {
    // The text goes with the first file; each further file is a message of its own.
    if (ready.length === 0) chat.send(text);
    ready.forEach(({ key, done }, index) => {
      chat.send(index === 0 ? text : "", done!);
      uploads!.remove(key);
    });
    setText("");
    desk.saveDraft("");
  };

  function post(): void {
    // What is changed in the composer meanwhile is what goes out.
    if (ask) ask(() => deliver.current());
    else deliver.current();
  }

  function send(event: Event): void {
    event.preventDefault();
    field.current?.focus();
    if (empty || over > 0) return;
    if (busy) setWanted(true);
    else post();
  }

  function attach(list: FileList | null): void {
    setProblem(false);
    if (list?.length) desk.attach(list).catch(() => setProblem(true));
    field.current?.focus();
  }

  function onKeyDown(event: KeyboardEvent): void {
    // While an input method composes a word, Enter belongs to it.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) send(event);
  }

  function onPaste(event: ClipboardEvent): void {
    const pasted = event.clipboardData?.files;
    if (!config.chat.files || !pasted?.length) return;
    event.preventDefault();
    attach(pasted);
  }

  return (
    <form class="composer" onSubmit={send}>
      {files.length > 0 && more.there && <more.there.Chips desk={desk} list={files} />}
      <div class="writing">
        {config.chat.files && (
          <>
            <button type="button" class="icon-button attach" data-lc="attach" aria-label={t("attach")} onClick={() => picker.current!.click()}>
              <Icon path={CLIP} />
            </button>
            <input
              ref={picker} type="file" multiple hidden data-lc="file-input" accept={config.chat.files.accept.join(",")}
              onChange={(event) => {
                attach(event.currentTarget.files);
                event.currentTarget.value = "";
              }}
            />
          </>
        )}
        <textarea
          ref={field}
          data-lc="composer"
          dir={text ? "auto" : undefined}
          rows={1}
          value={text}
          enterkeyhint="send"
          placeholder={t(state.status === "closed" ? "composer_closed" : "composer_placeholder")}
          aria-label={t("composer_label")}
          aria-invalid={over > 0}
          onInput={(event) => type(event.currentTarget.value)}
          onKeyDown={onKeyDown}
          onPaste={onPaste}
        />
        <button type="submit" class="send" data-lc="send" aria-label={t("send")} aria-disabled={empty || over > 0} aria-busy={wanted}>
          <Icon path={SEND} />
        </button>
      </div>
      {over > 0 && <p class="over" role="alert">{t("too_long", { count: over.toLocaleString(lang) })}</p>}
      {problem && <p class="over" role="alert">{t("load_failed")}</p>}
      {config.chat.preview_typing && <p class="hint" data-lc="preview-hint">{t("preview_hint")}</p>}
    </form>
  );
}
