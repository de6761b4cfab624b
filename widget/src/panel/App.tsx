import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ChatState } from "../chat/state";
import { canWrite, Chat } from "./Chat";
import type { Desk } from "./desk";
import { FormCard } from "./FormCard";
import { Header } from "./Header";
import { Menu, offers } from "./Menu";
import { useMore } from "./useMore";
import { useKeyboardRoom } from "./viewport";

export function App({ desk, state }: { desk: Desk; state: ChatState }) {
  const panel = useRef<HTMLElement>(null);
  const { open, view, t, config } = desk;
  const more = useMore(desk, view.kind === "menu");
  const takesFiles = !!config.chat.files && view.kind === "chat" && canWrite(desk, state);
  const [dropping, setDropping] = useState(false);
  useKeyboardRoom(panel, open);

  // A mouse goes straight to writing; on a touch screen that would raise the keyboard over half of what was opened.
  // At once, not after the next frame: what is typed from now on is meant for the panel.
  useLayoutEffect(() => {
    if (!open || desk.quietly) return;
    const field = panel.current?.querySelector<HTMLElement>(".view:not([hidden]) :is([data-lc=composer], form .input)");
    if (field && matchMedia("(pointer: fine)").matches) field.focus();
    else panel.current?.focus();
  }, [open, view]);

  function onKeyDown(event: KeyboardEvent): void {
    if (event.key !== "Escape" || event.isComposing) return;
    event.stopPropagation();
    desk.close();
  }

  // A file that is let go over the panel never opens in its place.
  function onDrag(event: DragEvent): void {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = takesFiles ? "copy" : "none";
    setDropping(takesFiles && event.type === "dragover");
    if (takesFiles) desk.more().catch(() => {});
    if (takesFiles && event.type === "drop") desk.attach(event.dataTransfer.files).catch(() => {});
  }

  return (
    <section
      ref={panel}
      class="panel"
      data-lc="panel"
      role="dialog"
      aria-label={t("panel_label", { site: desk.config.name })}
      tabIndex={-1}
      hidden={!open}
      onKeyDown={onKeyDown}
      onDragOver={onDrag}
      onDragLeave={() => setDropping(false)}
      onDrop={onDrag}
    >
      <Header desk={desk} state={state} />
      <div class="view" hidden={view.kind !== "chat"}>
        <Chat desk={desk} state={state} />
      </div>
      {view.kind === "menu" && (
        <div class="view scroll form-view">
          {offers(desk).length > 0 && <h2 class="title">{t("menu")}</h2>}
          <Menu desk={desk} />
          {more && <more.Actions desk={desk} state={state} />}
        </div>
      )}
      {view.kind === "form" && (
        <div class="view scroll form-view">
          <FormCard
            key={view.slug} desk={desk} slug={view.slug} values={() => desk.identity} inChat={view.slug === config.chat.transcript_form}
          />
        </div>
      )}
      {dropping && <p class="dropping" aria-hidden="true">{t("file_drop")}</p>}
    </section>
  );
}
