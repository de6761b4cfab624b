import { isAway, type ChatState } from "../chat/state";
import { BACK, CLOSE, MENU } from "../icons";
import type { Desk } from "./desk";
import { Icon } from "./Icon";
import { offers } from "./Menu";

export function Header({ desk, state }: { desk: Desk; state: ChatState }) {
  const { t, config, view } = desk;
  const inChat = view.kind === "chat";
  const said = state.log.messages.length + state.pending.length > 0;
  const operator = state.status === "active" ? state.operator : null;
  const name = operator?.name ?? config.name;
  return (
    <header class="header">
      {!inChat && (
        <button type="button" class="icon-button" data-lc="back" aria-label={t("back")} onClick={() => openChat(desk)}>
          <Icon path={BACK} />
        </button>
      )}
      <span class={`avatar ${isAway(state) ? "" : "here"}`} aria-hidden="true">
        {[...name.trim()][0]?.toLocaleUpperCase(desk.lang)}
      </span>
      <div class="who">
        <h1 class="name"><bdi>{name}</bdi></h1>
        {inChat && (
          <p class="status" data-lc="status" role="status">
            {statusLine(desk, state)}
          </p>
        )}
      </div>
      {inChat && said && offers(desk).length > 0 && (
        <button type="button" class="icon-button" data-lc="menu-open" aria-label={t("menu")} onClick={() => desk.show({ kind: "menu" })}>
          <Icon path={MENU} />
        </button>
      )}
      <button type="button" class="icon-button" data-lc="close" aria-label={t("close")} onClick={desk.close}>
        <Icon path={CLOSE} />
      </button>
    </header>
  );
}

function openChat(desk: Desk): void {
  desk.chat.start();
  desk.show({ kind: "chat" });
}

function statusLine({ t, config }: Desk, state: ChatState): string {
  if (state.link === "refused") return t("link_refused");
  if (state.status === "active") return config.name;
  if (state.status === "closed") return t("status_closed");
  if (isAway(state)) return t("status_away");
  if (state.status === "waiting") return t("status_waiting");
  return state.reply_time || t("status_available");
}
