// The module of forms: comes when a form is shown or somebody begins to fill one in. The loader paints simple forms
// by itself; this paints every form and makes it work.
import { el, icon } from "../dom";
import { CLOCK } from "../icons";
import type { Descriptor } from "../protocol";
import { richRow } from "./fields";
import { basicRow, paint as painted, type FormWords } from "./markup";

export { engage, type Engaged, type FormContext } from "./behaviour";

/** The form as an element, whatever its fields are; one that takes nothing now says so instead. */
export function paint(form: Descriptor, words: FormWords): HTMLFormElement {
  if (form.closed) return closed(form, form.closed);
  const element = painted(form, words, (field, id) => richRow(field, id, words) ?? basicRow(field, id, words));
  // Where the kind's module may draw: after the fields, before what one agrees to.
  if (form.module) element.querySelector(".away[aria-hidden]")!.after(el("div", { class: "computed", "data-lc": "computed" }));
  return element;
}

function closed({ slug, lang, dir, title, data }: Descriptor, sentence: string): HTMLFormElement {
  // What a kind has to show once it is over, such as the result of a draw.
  const over = data?.closed_link as { label: string; url: string } | undefined;
  const link = over && /^https?:\/\//.test(over.url) ? el("a", { href: over.url, target: "_blank", rel: "noopener" }, over.label) : null;
  return el("form", { "data-lc": "form", "data-slug": slug, class: "form", lang, dir, "aria-label": title },
    title && el("h2", { class: "title" }, title),
    el("div", { class: "closed", "data-lc": "closed" }, icon(CLOCK), el("p", {}, sentence, link && " ", link)));
}

/** What the module exports. */
export interface FormsModule {
  paint: typeof paint;
  engage: typeof import("./behaviour").engage;
}
