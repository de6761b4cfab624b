// Settings that matter only for certain values of another one: `data-when="type:radio select"` on an input names the
// setting beside it (in the same row, or in the form) and the values; `name:` alone means any value, a ticked box,
// `name:!hidden` any but that. A `*` in the name stands for the number of any row: one of them is enough.

/** Shows and hides what hangs on other settings, now and on every change; returns what looks anew after rows came or went. */
export function conditions(form: HTMLFormElement): () => void {
  const look = () => {
    for (const control of form.querySelectorAll<HTMLElement>("[data-when]")) {
      const field = control.closest<HTMLElement>(".field, .rows");
      if (field) field.hidden = !holds(form, control);
    }
  };
  form.addEventListener("input", look);
  look();
  return look;
}

function holds(form: HTMLFormElement, control: HTMLElement): boolean {
  const [name = "", values = ""] = (control.dataset.when ?? "").split(":");
  const own = control.getAttribute("name") ?? "";
  const beside = () => form.elements.namedItem(own.replace(/[^-]*$/, "") + name) ?? form.elements.namedItem(name);
  const others = name.includes("*") ? inRows(form, name) : [beside()];
  const wanted = values.split(" ").filter(Boolean);
  return others.map(valueOf).some((value) => {
    if (!wanted.length) return value !== "";
    return wanted.includes(value) || wanted.some((one) => one.startsWith("!") && one !== `!${value}`);
  });
}

function inRows(form: HTMLFormElement, name: string): Element[] {
  const [before = "", after = ""] = name.split("*");
  return [...form.querySelectorAll(`[name^="${before}"][name$="${after}"]`)];
}

function valueOf(element: Element | RadioNodeList | null): string {
  if (element instanceof HTMLInputElement && element.type === "checkbox") return element.checked ? element.value : "";
  if (element instanceof HTMLInputElement || element instanceof HTMLSelectElement || element instanceof HTMLTextAreaElement) return element.value;
  return element instanceof RadioNodeList ? element.value : "";
}
