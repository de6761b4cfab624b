// Settings that matter only for certain values of another one: `data-when="type:radio select"` on an input names the
// setting beside it (in the same row, or in the form) and the values; `name:` alone means any value, a ticked box,
// `name:!hidden` any but that.

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
  const beside = form.elements.namedItem(own.replace(/[^-]*$/, "") + name) ?? form.elements.namedItem(name);
  const value = valueOf(beside);
  const wanted = values.split(" ").filter(Boolean);
  if (!wanted.length) return value !== "";
  return wanted.includes(value) || wanted.some((one) => one.startsWith("!") && one !== `!${value}`);
}

function valueOf(element: Element | RadioNodeList | null): string {
  if (element instanceof HTMLInputElement && element.type === "checkbox") return element.checked ? element.value : "";
  if (element instanceof HTMLInputElement || element instanceof HTMLSelectElement || element instanceof HTMLTextAreaElement) return element.value;
  return element instanceof RadioNodeList ? element.value : "";
}
