// Forms placed in the page by `<div data-leadcapture-form="SLUG">`, also by pages that add or replace them later.
import { el, sheet } from "../dom";
import type { FormsModule } from "../forms/main";
import { paint } from "../forms/markup";
import { matchingPage } from "../forms/theme";
import type { Descriptor, LoaderConfig } from "../protocol";
import { styleOf } from "./launcher";
import { wordsFor } from "./words";

interface Placed {
  slug: string;
  place: HTMLElement;
  /** Holds the form and its state; moves along when the page replaces the place it stood in. */
  content: HTMLElement;
}

/** Has the panel take a form over. */
type Engage = (form: HTMLFormElement, descriptor: Descriptor) => Promise<{ submit(): void }>;

export interface InlineForms {
  scan(): void;
  remove(): void;
}

export function inlineForms(config: LoaderConfig, lang: string, engage: Engage): InlineForms {
  const { base, site, forms } = config;
  const placed: Placed[] = [];
  let style: CSSStyleSheet | undefined;

  const near = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        const one = isIntersecting && placed.find(({ place }) => place === target);
        if (!one) continue;
        near.unobserve(target);
        fetch(`${base}/v1/${site}/forms/${one.slug}?lang=${lang}`)
          .then((answer) => (answer.ok ? answer.json() : null))
          .then((form: Descriptor | null) => form && fill(one, form))
          .catch(() => near.observe(target));
      }
    },
    { rootMargin: "600px" },
  );

  /** Paints the form, by itself or, where there is more to it, by the module of forms. */
  async function fill({ content }: Placed, descriptor: Descriptor): Promise<void> {
    const words = wordsFor(descriptor.lang);
    const by: Pick<FormsModule, "paint"> = descriptor.rich ? await import(base + config.forms_module) : { paint };
    const form = by.paint(descriptor, words);
    const engaged = new AbortController();
    const failed = el("p", { class: "help", role: "alert" }, words.failed);
    let taken: ReturnType<Engage> | undefined;
    // Taken over once, whatever the person does first; a button pressed meanwhile counts.
    const begin = (event?: Event) => {
      const submit = event?.type === "submit";
      if (submit) event.preventDefault();
      (taken ??= engage(form, descriptor)).then(
        (there) => {
          engaged.abort();
          failed.remove();
          if (submit) there.submit();
        },
        () => {
          taken = undefined;
          if (submit) form.append(failed);
        },
      );
    };
    for (const event of ["focusin", "pointerdown", "submit"]) form.addEventListener(event, begin, engaged);
    content.replaceChildren(form);
    if (descriptor.rich) begin();
  }

  function put(place: HTMLElement, slug: string): void {
    const gone = placed.find((one) => one.slug === slug && !one.place.isConnected);
    const one = gone ?? { slug, place, content: el("div", { class: "lc place" }) };
    const root = place.shadowRoot ?? place.attachShadow({ mode: "open" });
    style ??= sheet(matchingPage(styleOf(config)));
    root.adoptedStyleSheets = [...(gone?.place.shadowRoot?.adoptedStyleSheets ?? [style])];
    root.replaceChildren(one.content);
    one.place = place;
    if (gone) return;
    placed.push(one);
    const known = forms[slug];
    if (known && lang === config.lang) fill(one, known);
    else near.observe(place);
  }

  return {
    scan() {
      for (const place of document.querySelectorAll<HTMLElement>("[data-leadcapture-form]")) {
        if (!placed.some((one) => one.place === place)) put(place, place.dataset.leadcaptureForm!);
      }
    },
    remove() {
      near.disconnect();
      for (const { content } of placed.splice(0)) content.remove();
    },
  };
}
