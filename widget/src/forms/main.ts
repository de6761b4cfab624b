// The module of forms: comes when a form is shown or somebody begins to fill one in. The loader paints simple forms
// by itself; this paints every form and makes it work.
import { el } from "../dom";
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

const closed = ({ slug, lang, dir, title }: Descriptor, sentence: string): HTMLFormElement =>
  el("form", { "data-lc": "form", "data-slug": slug, class: "form", lang, dir, "aria-label": title },
    title && el("h2", { class: "title" }, title), el("p", { class: "text", "data-lc": "closed" }, sentence));

/** What the module exports. */
export interface FormsModule {
  paint: typeof paint;
  engage: typeof import("./behaviour").engage;
}
