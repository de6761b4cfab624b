// The form as visitors would get it if what stands on the page were saved: the panel's own card, header and styles, and
// the panel's own code that paints and runs forms.
import { render } from "preact";
import { initialChat } from "../chat/state";
import { sheet } from "../dom";
import type * as Forms from "../forms/main";
import { direction, words } from "../i18n/words";
import type { Desk } from "../panel/desk";
import { Header } from "../panel/Header";
import type { Descriptor } from "../protocol";
import css from "./preview.css";

const QUIET_MS = 300;

interface Answer {
  descriptor: Descriptor;
  /** What there is to say about it, in the language of the console. */
  says: string;
}

/** Draw the preview, and again some time after the last call of what this returns. */
export function livePreview(form: HTMLFormElement, place: HTMLElement): () => void {
  const { lang = "en", site = "", accent = "", accentText = "" } = place.dataset;
  const says = document.querySelector<HTMLElement>("[data-preview-says]");
  const root = place.attachShadow({ mode: "open" });
  const card = document.createElement("div");
  const scheme = schemes((dark) => {
    const chosen = css.replaceAll("prefers-color-scheme:dark", dark ? "width>=0" : "width<0");
    root.adoptedStyleSheets = [sheet(chosen), sheet(`:host{--lc-accent:${accent};--lc-accent-text:${accentText}}`)];
  });
  scheme();
  card.className = "lc end";
  card.lang = lang;
  card.dir = direction(lang);
  root.append(card);

  const modules = Promise.all([
    import(place.dataset.forms!) as Promise<typeof Forms>,
    fetch(place.dataset.locale!).then((answer) => answer.json() as Promise<Record<string, string>>),
  ]);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asked = new AbortController();
  let engaged: Forms.Engaged | null = null;

  async function draw(): Promise<void> {
    asked.abort();
    asked = new AbortController();
    const { signal } = asked;
    try {
      const [[forms, strings], answer] = await Promise.all([modules, ask(form, place.dataset.preview!, signal)]);
      if (signal.aborted) return;
      show(forms, strings, answer);
      say(answer.says);
    } catch {
      if (!signal.aborted) say(place.dataset.lost!);
    }
  }

  function show({ paint, engage }: typeof Forms, strings: Record<string, string>, { descriptor }: Answer): void {
    const t = words(strings);
    const typed = engaged?.values() ?? {};
    const scrolled = card.querySelector(".scroll")?.scrollTop ?? 0;
    engaged?.stop();
    const desk = { t, lang, config: { name: site }, view: { kind: "form" } } as unknown as Desk;
    const view = document.createElement("div");
    view.className = "view scroll form-view";
    const painted = paint(descriptor, { optional: t("form_optional"), privacy: t("form_privacy") });
    view.append(painted);
    render(
      <section class="panel" data-lc="panel">
        <Header desk={desk} state={initialChat({ available: true, reply_time: "" })} />
        <div class="view" ref={(at) => at?.replaceChildren(view)} />
      </section>,
      card,
    );
    for (const button of card.querySelectorAll<HTMLButtonElement>(".header button")) button.tabIndex = -1;
    engaged = engage(painted, descriptor, { base: "", site: "", t, emit: () => undefined, preview: () => say(place.dataset.onlyPreview!) });
    engaged.prefill(typed);
    view.scrollTop = scrolled;
  }

  function say(sentence: string): void {
    if (says) says.textContent = sentence;
  }

  void draw();
  return () => {
    clearTimeout(timer);
    timer = setTimeout(() => void draw(), QUIET_MS);
  };
}

async function ask(form: HTMLFormElement, url: string, signal: AbortSignal): Promise<Answer> {
  // As the form itself is sent: in many parts it could be refused for their number.
  const fields = [...new FormData(form)].map(([name, value]) => [name, String(value)]);
  const answer = await fetch(url, { method: "POST", body: new URLSearchParams(fields), headers: { Accept: "application/json" }, signal });
  if (!answer.ok) throw new Error(`preview ${answer.status}`);
  return (await answer.json()) as Answer;
}

/** The two buttons for light and dark; begins as the person's system has it. */
function schemes(choose: (dark: boolean) => void): () => void {
  const bar = document.querySelector<HTMLElement>("[data-schemes]");
  const buttons = [...(bar?.querySelectorAll<HTMLButtonElement>("[data-scheme]") ?? [])];
  const use = (dark: boolean) => {
    for (const button of buttons) button.setAttribute("aria-pressed", String((button.dataset.scheme === "dark") === dark));
    choose(dark);
  };
  for (const button of buttons) button.addEventListener("click", () => use(button.dataset.scheme === "dark"));
  if (bar) bar.hidden = false;
  return () => use(matchMedia("(prefers-color-scheme: dark)").matches);
}
