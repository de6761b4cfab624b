// The one rendering of a form. The loader paints forms of the basic field types with it; for the others fields.ts
// brings the rows along.
import { el } from "../dom";
import type { Descriptor, Field } from "../protocol";

export interface FormWords {
  optional: string;
  privacy: string;
}

type BasicField = Field & { value: string | null };

let painted = 0;

/** The form as an element, each field's row made by `row`. Its boxes are never checked beforehand; nothing listens to it yet. */
export function paint(form: Descriptor, words: FormWords, row = basicRow): HTMLFormElement {
  const prefix = `lc${++painted}-`;
  return el(
    "form",
    { "data-lc": "form", "data-slug": form.slug, class: "form", novalidate: true, dir: form.dir, lang: form.lang, "aria-label": form.title },
    form.title && el("h2", { class: "title" }, form.title),
    form.intro && el("p", { class: "intro" }, form.intro),
    ...form.fields.map((field) => row(field, prefix + field.name, words)),
    trap(form.honeypot),
    ...form.consents.map(({ purpose, statement, required }) =>
      box({ id: `${prefix}consent-${purpose}`, name: "consent", value: purpose, required }, [statement]),
    ),
    notice(form, words),
    el("button", { class: "button", "data-lc": "submit" }, form.button),
  );
}

/** The row of a field of a basic type. */
export function basicRow(field: Field, id: string, words: FormWords): HTMLElement {
  const { name, type, label, help, required, unmarked, autocomplete, inputmode, maxlength, value } = field as BasicField;
  if (type === "hidden") return el("input", { type, name, value });
  const hint = help && el("p", { class: "help", id: `${id}-help` }, help);
  const common = { id, name, required, "aria-describedby": help && `${id}-help` };
  if (type === "checkbox") return box({ ...common, value: value ?? "on" }, [label], hint);
  const shared = { ...common, class: "input", maxlength, autocomplete, inputmode };
  const input =
    type === "textarea" ? el("textarea", { ...shared, rows: 4 }, value)
    : el("input", { ...shared, type, value, dir: type === "email" || type === "tel" ? "ltr" : null });
  return el("div", { class: "field" }, el("label", { for: id }, ...labelled(label, required || unmarked, words)), hint, input);
}

const box = (attributes: Record<string, string | boolean | null>, text: (Node | string)[], help?: Node | string | null): HTMLElement =>
  el("div", { class: "field" }, el("label", { class: "check" }, el("input", { ...attributes, type: "checkbox" }), el("span", {}, ...text)), help);

/** A field's label, and that it may be left empty, unless it is `plain`. */
export const labelled = (label: string, plain: boolean, words: FormWords): (Node | string)[] =>
  plain ? [label] : [label, el("span", { class: "optional" }, ` (${words.optional})`)];

function notice({ notice, privacy_url }: Descriptor, words: FormWords): HTMLElement | null {
  if (!notice && !privacy_url) return null;
  const link = privacy_url && el("a", { href: privacy_url, target: "_blank", rel: "noopener" }, words.privacy);
  return el("p", { class: "help" }, notice?.statement, " ", link);
}

/** A field no person sees and no screen reader reads; whoever fills it is a program. */
const trap = (name: string): HTMLElement =>
  el("div", { class: "away", "aria-hidden": "true" }, el("input", { name, tabindex: -1, autocomplete: "off" }));
