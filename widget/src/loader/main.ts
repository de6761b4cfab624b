// The script of the snippet: small, without dependencies, and quiet. It paints the launcher and the forms placed in
// the page, and fetches everything else when somebody acts.
import type { LoaderConfig } from "../protocol";
import { memoryKey, type Bridge, type EventName, type Identity, type Panel, type PanelModule } from "./bridge";
import { inlineForms } from "./inline";
import { launcherOf } from "./launcher";
import { placedForms } from "./placed";
import { wordsFor } from "./words";

declare const __LEADCAPTURE_CONFIG__: LoaderConfig;

type Listener = (data: object) => void;

export interface LeadCapture {
  /** Opens the panel, loading it first when it is not there yet. */
  open(): void;
  close(): void;
  /** Opens the panel with one form in it. */
  show(slug: string): void;
  /** What the page knows of its visitor: it fills forms in and is sent with a form only, but for a proof of who it is.
      `null`: nobody is signed in any more, the browser forgets and begins anew. */
  identify(person: Identity | null): void;
  /** Begins where the snippet waits for consent; `false` ends everything and forgets what was stored. */
  consent(given: boolean): void;
  /** Calls back on open, close, message, form_sent, confirmed, chat_ended; returns a function that ends this. */
  on(event: EventName, listener: Listener): () => void;
  /** Takes everything off the page and forgets what was stored. */
  shutdown(): void;
}

declare global {
  interface Window {
    leadcapture?: LeadCapture;
  }
}

function begin(config: LoaderConfig, options: DOMStringMap): LeadCapture {
  const lang = options.lang || config.lang;
  const key = memoryKey(config.site);
  let identity: Identity = {};
  const listeners = new Set<{ event: EventName; listener: Listener }>();
  const waiting: ((panel: Panel) => void)[] = [];
  let bridge: Bridge | undefined;
  let panel: Promise<Panel> | undefined;
  let tries = "";
  let stop = () => {};

  /** The panel, asked for once; a failed try is forgotten so that the next act tries again. */
  const loaded = (): Promise<Panel> =>
    (panel ??= import(config.base + config.panel + tries).then(
      ({ mount }: PanelModule) => mount(bridge!),
    ).catch((reason) => {
      tries += "?";
      panel = undefined;
      throw reason;
    }));

  /** Has the panel do something, once there may be one; where it cannot be loaded the launcher says so. */
  function act(what: (panel: Panel) => void): void {
    if (!bridge) {
      waiting.push(what);
      return;
    }
    const { launcher, say } = bridge;
    launcher.setAttribute("aria-busy", "true");
    loaded()
      .then(what)
      .then(() => say(""), () => say(wordsFor(lang).failed))
      .then(() => launcher.removeAttribute("aria-busy"));
  }

  function start(): void {
    if (bridge) return;
    const { host, root, button, show, say } = launcherOf(config, lang, "hidden" in options);
    const forms = inlineForms(config, lang, (form, descriptor) =>
      loaded().then((there) => there.engage(form, descriptor)),
    );
    const now: Bridge = (bridge = {
      config, lang, root, identity, say, launcher: button,
      began: performance.now(), open: false, unread: 0, on: api.on,
      launch(open, unread) {
        Object.assign(now, { open, unread });
        show(open, unread);
      },
      emit(event, data = {}) {
        for (const one of listeners) if (one.event === event) one.listener(data);
      },
    });
    const placed = placedForms(now);
    button.onclick = () => (now.open ? api.close() : api.open());

    // Frameworks replace the body and pages change without loading: what was taken away comes back.
    let pending = 0;
    const settle = () => {
      pending = 0;
      if (!host.isConnected) (document.body ?? document.documentElement).append(host);
      forms.scan();
    };
    const watch = new MutationObserver(() => (pending ||= window.setTimeout(settle, 30)));
    watch.observe(document.documentElement, { childList: true, subtree: true });
    settle();
    stop = () => {
      watch.disconnect();
      clearTimeout(pending);
      host.remove();
      forms.remove();
      placed();
      void panel?.then((there) => there.stop());
      bridge = panel = undefined;
    };

    // A conversation of an earlier page goes on, and a panel that stood open does. Storage is looked at while the page is
    // idle, for the first look waits for the disk; it may throw: then there is none.
    (window.requestIdleCallback ?? setTimeout)(() => {
      try {
        if (bridge && (localStorage[key] || sessionStorage[key])) loaded().catch(() => {});
      } catch {}
    });
    waiting.splice(0).forEach(act);
  }

  function forget(): void {
    stop();
    identity = {};
    try {
      localStorage.removeItem(key);
      localStorage.removeItem(`${key}:forms`);
      sessionStorage.removeItem(key);
    } catch {}
  }

  const api: LeadCapture = {
    open: () => act((there) => there.open()),
    show: (slug) => act((there) => there.open(slug)),
    close: () => void panel?.then((there) => there.close()),
    identify(person) {
      const there = bridge;
      if (!person) {
        forget();
        if (there) start();
      }
      Object.assign(identity, person);
      void panel?.then((there) => there.identified());
    },
    consent(given) {
      if (!given) return forget();
      start();
      bridge!.consented = given;
      // A site that wants to see who is there connects now; others when somebody acts.
      if (config.watch) loaded().then((there) => there.identified(), () => {});
    },
    on(event, listener) {
      const one = { event, listener };
      listeners.add(one);
      return () => void listeners.delete(one);
    },
    shutdown: forget,
  };
  if (options.consent !== "required") start();
  return api;
}

// A second copy of the snippet on one page changes nothing.
window.leadcapture ??= begin(__LEADCAPTURE_CONFIG__, document.currentScript?.dataset ?? {});
