import { isAway, type ChatState } from "../chat/state";
import { BACK, BELL, BELL_OFF, CLOSE, MENU } from "../icons";
import { backSentence } from "./Chat";
import { westernLocale } from "../i18n/words";
import type { Desk } from "./desk";
import { Icon } from "./Icon";

export function Header({ desk, state }: { desk: Desk; state: ChatState }) {
  const { t, config, view } = desk;
  const inChat = view.kind === "chat";
  const said = state.link !== "blocked" && state.log.messages.length + state.pending.length > 0;
  const operator = state.status === "active" ? state.operator : null;
  const name = [operator?.name ?? config.name, ...(operator ? state.joined.filter((one) => one !== operator.name) : [])].join(", ");
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
      {inChat && said && <Sound desk={desk} />}
      {inChat && said && (
        <button type="button" class="icon-button" data-lc="menu-open" aria-label={t("options")} onClick={() => desk.show({ kind: "menu" })}>
          <Icon path={MENU} />
        </button>
      )}
      <button type="button" class="icon-button" data-lc="close" aria-label={t("close")} onClick={desk.close}>
        <Icon path={CLOSE} />
      </button>
    </header>
  );
}

function Sound({ desk }: { desk: Desk }) {
  const { muted } = desk.memory.read();
  return (
    <button
      type="button" class="icon-button" data-lc="sound" aria-pressed={!muted} aria-label={desk.t("sound")}
      onClick={() => {
        desk.memory.write({ muted: !muted });
        desk.redraw();
      }}
    >
      <Icon path={muted ? BELL_OFF : BELL} />
    </button>
  );
}

function openChat(desk: Desk): void {
  desk.chat.start();
  desk.show({ kind: "chat" });
}

function statusLine(desk: Desk, state: ChatState): string {
  const { t, config, lang } = desk;
  if (state.link === "refused") return t("link_refused");
  if (state.link === "blocked") return t("blocked");
  if (state.status === "active") return config.name;
  if (state.status === "closed") return t("status_closed");
  if (isAway(state)) return backSentence(desk, state) || t("status_away");
  if (state.status === "waiting" && state.place) return t("status_place", { place: state.place.toLocaleString(westernLocale(lang)) });
  if (state.status === "waiting") return t("status_waiting");
  return state.reply_time || t("status_available");
}
