// Shows forms and invitations by themselves, each at its moment (state.ts decides). Comes when the person first does something on a page
// that has such forms, and fetches a form only when it is to be seen.
import { call } from "../api";
import { sheet } from "../dom";
import type { Engaged } from "../forms/behaviour";
import type { FormsModule } from "../forms/main";
import { direction, words } from "../i18n/words";
import { known, memoryKey, type Bridge } from "../loader/bridge";
import type { Descriptor, Placed, SiteConfig } from "../protocol";
import { memoryOf } from "./memory";
import { invitationOf, liveRegion } from "./invitation";
import css from "./placement.css";
import { watch } from "./signals";
import { initialState, reduce, visible, type Facts, type PlacementEvent, type State } from "./state";
import { viewOf, type View } from "./view";

const TICK_MS = 500;
/** Milliseconds in sight after which a chat that did not come is waited for no more. */
const CHAT_COMES_MS = 10_000;

interface Standing {
  view: View;
  /** The form; an invitation has none. */
  engaged?: Engaged;
}

/** Begins to watch; returns a function that takes all away. */
export function mount(bridge: Bridge): () => void {
  const { config, lang, root, launcher } = bridge;
  const { base, site } = config;
  const memory = memoryOf(site);
  const place = document.createElement("div");
  place.className = `lc ${config.position}`;
  place.lang = lang;
  place.dir = direction(lang);
  const region = liveRegion();
  place.append(region);
  root.append(place);
  root.adoptedStyleSheets = [sheet(css), ...root.adoptedStyleSheets];

  const standing = new Map<string, Standing>();
  const opened = new Set<string>();
  const goesOn = isKept(memoryKey(site));
  let stopped = false;
  let shown: string | null = null;
  let settings: Promise<SiteConfig> | undefined;
  let last = performance.now();
  let state: State = initialState(Date.now(), pageNow(), last - bridge.began);
  let facts: Facts = factsOf(config.placed ?? []);

  function factsOf(placed: readonly Placed[]): Facts {
    const counts = placed.some(({ visits }) => visits);
    return { placed, met: memory.met(), visit: counts ? memory.visit(Date.now()) : 1 };
  }

  function dispatch(event: PlacementEvent): void {
    if (stopped) return;
    state = reduce(facts, state, event);
    for (const slug of state.over) drop(slug);
    const now = visible(state);
    if (now === shown) return;
    if (shown) standing.get(shown)?.view.hide();
    shown = now;
    if (!now) return;
    const { where } = facts.placed.find(({ slug }) => slug === now)!;
    if (standing.has(now)) standing.get(now)!.view.show();
    else (where === "invitation" ? invite : prepare)(now).catch(() => dispatch({ type: "unusable", slug: now }));
  }

  function drop(slug: string): void {
    standing.get(slug)?.view.remove();
    standing.get(slug)?.engaged?.stop();
    standing.delete(slug);
  }

  // ---- what the person does

  function meet(slug: string, sent?: boolean): void {
    memory.meet(slug, Date.now(), opened.has(slug), sent);
    opened.add(slug);
    facts = { ...facts, met: memory.met() };
  }

  function close(slug: string): void {
    if (slug !== state.chosen) return;
    meet(slug);
    dispatch({ type: "closed" });
  }

  function sent(slug: string): void {
    if (!facts.placed.some((one) => one.slug === slug)) return;
    meet(slug, true);
    dispatch({ type: "sent", slug });
  }

  // ---- making an invitation

  /** Asks whether there is somebody to talk to, and for the words; shows them if they are still to be seen then. */
  async function invite(slug: string): Promise<void> {
    const { chat, placed, strings } = await fetched<SiteConfig>(`/v1/${site}/config?lang=${lang}`);
    const one = placed.find((placed) => placed.slug === slug);
    if (stopped || standing.has(slug) || state.over.includes(slug)) return;
    if (!chat.available || !one?.text) throw new Error(slug);
    const view = invitationOf(one, region, {
      place, launcher, t: words(strings),
      closed: () => close(slug),
      opened() {
        close(slug);
        bridge.invited = { name: one.name ?? "", text: one.text! };
        launcher.click();
      },
      touched: () => false,
    });
    standing.set(slug, { view });
    if (shown === slug) view.show();
  }

  // ---- making a form

  /** Fetches what the form needs and shows it, if it is still to be seen then. */
  async function prepare(slug: string): Promise<void> {
    const one = facts.placed.find((placed) => placed.slug === slug)!;
    const [descriptor, { strings }, { paint, engage }] = await Promise.all([
      fetched<Descriptor>(`/v1/${site}/forms/${slug}?lang=${lang}`),
      configuration(),
      import(base + config.forms_module) as Promise<FormsModule>,
    ]);
    if (stopped || standing.has(slug) || state.over.includes(slug)) return;
    if (descriptor.closed) throw new Error(descriptor.closed);
    const t = words(strings);
    const form = paint(descriptor, { optional: t("form_optional"), privacy: t("form_privacy") });
    const touched = () => dispatch({ type: "touched" });
    const view = viewOf(one, descriptor, form, {
      place, launcher, t,
      closed: () => close(slug),
      opened() {
        meet(slug);
        touched();
      },
      touched: () => state.touched,
    });
    const engaged = engage(form, descriptor, {
      base, site, t,
      emit(event, data) {
        touched();
        bridge.emit(event, data);
      },
      changed: (phase) => (phase === "sent" || phase === "confirmed") && view.expand(),
    });
    engaged.prefill(known(bridge.identity));
    form.addEventListener("input", touched);
    standing.set(slug, { view, engaged });
    if (shown === slug) view.show();
  }

  const configuration = (): Promise<SiteConfig> => (settings ??= fetched<SiteConfig>(`/v1/${site}/config?lang=${lang}`));

  async function fetched<T>(path: string): Promise<T> {
    const { status, data } = await call<T>(base + path);
    if (status !== 200) throw new Error(`${status} ${path}`);
    return data;
  }

  // ---- what happens meanwhile

  // A conversation of an earlier page is on its way: it may stand open, or have something unread.
  const chatComes = () => goesOn && state.seen < CHAT_COMES_MS && !root.querySelector("[data-lc=panel]");
  const lookAtChat = () => {
    const comes = chatComes();
    dispatch({ type: "chat", busy: bridge.open || bridge.unread > 0 || comes, talking: !!bridge.talking || comes });
  };

  function tick(): void {
    const at = performance.now();
    // While the page is out of sight no time passes on it.
    const passed = document.hidden ? 0 : Math.min(at - last, 2 * TICK_MS);
    last = at;
    lookAtChat();
    if (!document.hidden) dispatch({ type: "tick", now: Date.now(), page: pageNow(), passed });
  }

  const timer = setInterval(tick, TICK_MS);
  const ends = [
    () => clearInterval(timer),
    watch({
      scrolled: (depth) => dispatch({ type: "scrolled", depth }),
      leaving: () => dispatch({ type: "leaving" }),
    }),
    memory.onOtherTab(() => {
      facts = { ...facts, met: memory.met() };
      dispatch({ type: "remembered" });
    }),
    bridge.on("open", lookAtChat),
    bridge.on("close", lookAtChat),
    bridge.on("chat_ended", () => dispatch({ type: "chatEnded" })),
    bridge.on("form_sent", (data) => sent((data as { form: string }).form)),
  ];
  tick();
  if (config.more) {
    configuration().then(({ placed }) => {
      facts = factsOf(placed);
      dispatch({ type: "remembered" });
    }, () => {});
  }

  return () => {
    for (const end of ends) end();
    for (const slug of [...standing.keys()]) drop(slug);
    stopped = true;
    place.remove();
  };
}

/** Whether something is stored under the key. Storage may throw: then there is nothing. */
function isKept(key: string): boolean {
  try {
    return localStorage.getItem(key) !== null;
  } catch {
    return false;
  }
}

const pageNow = (): string => location.pathname + location.search;
