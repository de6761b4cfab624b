// The panel: comes when somebody acts, draws itself into the launcher's shadow root, and lives until the page goes.
import { Fragment, render } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { jsx } from "preact/jsx-runtime";
import { call } from "../api";
import { connection } from "../chat/connection";
import { memoryOf } from "../chat/memory";
import { pageFacts } from "../chat/page";
import { unread, type ChatState } from "../chat/state";
import { sheet } from "../dom";
import type { Engaged } from "../forms/behaviour";
import type { FormsModule } from "../forms/main";
import { direction, words } from "../i18n/words";
import { known, type Bridge, type Panel } from "../loader/bridge";
import type { Identity as Proof, SiteConfig } from "../protocol";
import { App } from "./App";
import type { Desk } from "./desk";
import type { MoreModule } from "./more/main";
import css from "./panel.css";

/** The name of the file with the rest of the panel, written in by the build. */
declare const __CHAT_MORE__: string;

const PHONE = "(max-width: 479px), (max-height: 479px)";

/** The panel, closed; rejects where the site's configuration cannot be had. */
export async function mount(bridge: Bridge): Promise<Panel> {
  const { config, lang, root, launcher } = bridge;
  const { base, site } = config;
  const answer = await call<SiteConfig>(`${base}/v1/${site}/config?lang=${lang}`);
  if (answer.status !== 200) throw new Error(`config ${answer.status}`);
  const settings = answer.data;
  const t = words(settings.strings);
  const memory = memoryOf(site);
  const place = document.createElement("div");
  place.className = `lc ${config.position}`;
  place.lang = lang;
  place.dir = direction(lang);
  root.append(place);
  root.adoptedStyleSheets = [sheet(css), ...root.adoptedStyleSheets];
  const placedForms: Engaged[] = [];
  /** The person opened the panel and did nothing elsewhere since. */
  let justOpened = false;
  const unwanted = launcher.hidden;
  const forms = fetchedOnce<FormsModule>(base + settings.forms_module);
  const fetchMore = fetchedOnce<MoreModule>(new URL(__CHAT_MORE__, import.meta.url).href);
  const more: Desk["more"] = async () => {
    const there = await fetchMore();
    if (!more.there) {
      there.borrow({ jsx, Fragment, useEffect, useLayoutEffect, useRef, useState });
      root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet(there.css)];
      more.there = there;
    }
    return there;
  };

  const { preview_typing, watch } = settings.chat;
  /** The site shows its operators who is there, and the visitor agreed to be seen. */
  const watched = () => watch && !!bridge.consented;
  const chat = connection({
    base, site, lang, memory, changed,
    availability: settings.chat,
    preview: preview_typing,
    plain: () => more().then(({ pollingLink }) => pollingLink),
    about: () => ({ ...pageFacts(), identity: proofOf(bridge.identity), watch: watched() }),
  });
  const desk: Desk = {
    t, lang, config: settings, base, chat, memory, forms, more,
    open: false,
    view: { kind: "chat" },
    identity: bridge.identity,
    draft: memory.readTab().draft,
    saveDraft(text) {
      desk.draft = text;
      memory.writeTab({ draft: text });
    },
    keepForm(slug, values) {
      const { [slug]: _gone, ...others } = memory.readTab().forms;
      memory.writeTab({ forms: values ? { ...others, [slug]: values } : others });
    },
    uploads: null,
    async attach(files) {
      // Taken at once: the list of a field is emptied after the event.
      const chosen = [...files];
      const there = await more();
      (desk.uploads ??= there.uploads(desk)).add(chosen);
    },
    show(view) {
      desk.view = view;
      draw();
    },
    close,
    redraw: draw,
    emit: bridge.emit,
  };

  function draw(): void {
    render(<App desk={desk} state={chat.state()} />, place);
  }

  function changed(state: ChatState, before: ChatState): void {
    look();
    tellNews(state, before);
    if (state.status === "closed" && before.status && before.status !== "closed") bridge.emit("chat_ended");
    showLauncher();
    draw();
  }

  /** The page's own listeners hear of what arrives now, not of what was there before; so does who looks elsewhere. */
  function tellNews(state: ChatState, before: ChatState): void {
    if (!before.welcomed || !state.conversation || state.conversation !== before.conversation) return;
    const fresh = state.log.messages.filter(({ seq, author }) => seq > before.log.last && author.kind === "operator");
    for (const { author, body, at } of fresh) bridge.emit("message", { author: author.name, body, at });
    const at = { conversation: state.conversation, seq: fresh[fresh.length - 1]?.seq ?? 0 };
    const seen = () => chat.state().seen >= at.seq;
    if (!seen()) more().then(({ ring }) => ring(site, memory, at, seen)).catch(() => {});
  }

  /** A page that wants no launcher gets one only while there is something to come back to. */
  function showLauncher(): void {
    launcher.hidden = unwanted && !desk.open && !chat.state().conversation;
    const { conversation, status, pending, log } = chat.state();
    const news = unread(chat.state());
    bridge.talking = pending.length > 0 || (!!conversation && status !== "closed");
    bridge.launch(desk.open, news);
    // Who was written to first reads it beside the launcher; nothing opens by itself.
    const first = !desk.open && news && log.messages.every(({ author }) => author.kind === "operator");
    bridge.say(first ? log.messages[0]!.body.slice(0, 160) : "");
  }

  function look(): void {
    if (desk.open && desk.view.kind === "chat" && document.visibilityState === "visible") chat.looked();
  }

  function open(slug?: string): void {
    const was = desk.open;
    desk.open = justOpened = true;
    desk.invited = bridge.invited;
    desk.view = slug ? { kind: "form", slug } : was ? desk.view : { kind: "chat" };
    if (desk.view.kind === "chat") chat.start();
    settle(was);
  }

  function settle(was: boolean): void {
    memory.writeTab({ open: desk.open });
    look();
    showLauncher();
    draw();
    if (desk.open !== was) bridge.emit(desk.open ? "open" : "close");
  }

  function close(): void {
    if (!desk.open) return;
    desk.open = false;
    desk.view = { kind: "chat" };
    memory.writeTab({ open: false });
    // Who said nothing keeps no line open.
    const { conversation, pending } = chat.state();
    if (!conversation && !pending.length && !watched()) chat.stop();
    settle(true);
    launcher.focus();
  }

  /** Escape right after opening is meant for the panel, wherever the page holds the focus; later it is the page's own. */
  function actElsewhere(event: Event): void {
    if (!justOpened || event.composedPath().includes(place)) return;
    justOpened = false;
    if (!desk.open || !(event instanceof KeyboardEvent) || event.key !== "Escape" || event.isComposing) return;
    event.stopPropagation();
    close();
  }

  document.addEventListener("visibilitychange", look);
  for (const act of ["keydown", "pointerdown"]) addEventListener(act, actElsewhere, true);
  const { token, outbox } = memory.read();
  // The panel stands open again on the next page, but never over the whole of a phone's.
  const standsOpen = memory.readTab().open && !matchMedia(PHONE).matches;
  if (token || outbox.length || standsOpen || watched()) chat.start();
  if (standsOpen) {
    desk.open = desk.quietly = true;
    settle(true);
    desk.quietly = false;
    // Who presses the launcher just then wants it open, not closed.
    launcher.addEventListener("click", pass, true);
    setTimeout(() => launcher.removeEventListener("click", pass, true), 600);
  }

  return {
    open,
    close,
    identified() {
      draw();
      if (watched()) {
        chat.start();
        // Where the line is open already, it is told that it may be seen now.
        chat.ask("page", { ...pageFacts(), watch: true }).catch(() => {});
      }
      // For the page's developer: the visitor can do nothing about it.
      chat.identified().then((problem) => problem && console.warn(`leadcapture: ${problem}`), () => {});
    },
    async engage(form, descriptor) {
      const { engage } = await forms();
      const engaged = engage(form, descriptor, { base, site, t, emit: bridge.emit });
      engaged.prefill(known(bridge.identity));
      placedForms.push(engaged);
      return engaged;
    },
    stop() {
      document.removeEventListener("visibilitychange", look);
      for (const act of ["keydown", "pointerdown"]) removeEventListener(act, actElsewhere, true);
      chat.stop();
      for (const form of placedForms) form.stop();
      render(null, place);
      place.remove();
    },
  };
}

const pass = (event: Event) => event.stopImmediatePropagation();

/** What the page says of who is signed in there, where it comes with a proof. */
function proofOf({ user_id, hash, jwt }: Bridge["identity"]): Proof | undefined {
  if (jwt) return { jwt };
  return user_id && hash ? { user_id, hash } : undefined;
}

/** A module that is asked for once; a failed try is forgotten, and the next asks under another name, for browsers remember. */
function fetchedOnce<T>(url: string): () => Promise<T> {
  let there: Promise<T> | undefined;
  let tries = "";
  return () =>
    (there ??= import(url + tries).catch((reason) => {
      tries += tries ? "1" : "?1";
      there = undefined;
      throw reason;
    }));
}
