// The round button in the corner of every page, in a shadow root of its own.
import { el, icon, sheet } from "../dom";
import { direction } from "../i18n/words";
import { CHAT, DOWN } from "../icons";
import type { LoaderConfig } from "../protocol";
import css from "./loader.css";

export interface Launcher {
  host: HTMLElement;
  root: ShadowRoot;
  button: HTMLButtonElement;
  show(open: boolean, unread: number): void;
  /** Says a sentence beside the button; an empty one takes it away. */
  say(sentence: string): void;
}

/** The text of the style sheet, ending with the two colours that are the site's own. */
export const styleOf = ({ accent, accentText }: LoaderConfig): string =>
  `${css}:host{--lc-accent:${accent};--lc-accent-text:${accentText}}`;

export function launcherOf(config: LoaderConfig, lang: string, hidden: boolean): Launcher {
  const label = config.launcher[lang] ?? config.launcher[config.lang];
  const badge = el("span", { class: "badge", "aria-hidden": "true" });
  const toast = el("span", { class: "toast", role: "status" });
  const sign = icon(CHAT);
  const button = el("button", { class: "launcher", "data-lc": "launcher", hidden }, sign, badge);
  const host = el("div", { id: "leadcapture" });
  const root = host.attachShadow({ mode: "open" });
  root.adoptedStyleSheets = [sheet(styleOf(config))];
  root.append(el("div", { class: `lc ${config.position}`, lang, dir: direction(lang) }, button, toast));

  const show = (open: boolean, unread: number) => {
    badge.textContent = unread ? unread.toLocaleString(lang) : "";
    sign.firstElementChild!.setAttribute("d", open ? DOWN : CHAT);
    button.setAttribute("aria-expanded", `${open}`);
    button.setAttribute("aria-label", unread ? `${label} (${unread})` : label!);
  };
  show(false, 0);
  return { host, root, button, show, say: (sentence) => void (toast.textContent = sentence) };
}
