// Fields that are asked only while another has a certain value. What is not shown is neither sent nor required.
import type { Field } from "../protocol";

type Given = Record<string, string | string[] | undefined>;
type Control = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

/** The names of the fields that are shown for these values. One that hangs on a field not shown is not shown either,
 * nor are those that hang on each other in a circle. */
export function shownFields(fields: Field[], given: Given): Set<string> {
  const byName = new Map(fields.map((field) => [field.name, field]));
  const known = new Map<string, boolean>();

  function shown(name: string): boolean {
    const before = known.get(name);
    if (before !== undefined) return before;
    known.set(name, false);
    const condition = byName.get(name)?.show_if;
    const now = !condition || (shown(condition.field) && fits(given[condition.field], condition.values));
    known.set(name, now);
    return now;
  }
  return new Set(fields.map(({ name }) => name).filter(shown));
}

function fits(value: string | string[] | undefined, wanted: string[] | null): boolean {
  const values = [value ?? []].flat().filter(Boolean);
  return wanted ? values.some((one) => wanted.includes(one)) : values.length > 0;
}

/** Shows and hides the form's fields as their conditions say, now and whenever something changes. Returns what ends it. */
export function followConditions(form: HTMLFormElement, fields: Field[]): () => void {
  if (!fields.some((field) => field.show_if)) return () => {};
  const controlsOf = (name: string) =>
    [...form.elements].filter((element): element is Control => element.matches("input,textarea,select") && (element as Control).name === name);

  function given(): Given {
    const values: Given = {};
    for (const { name } of fields) {
      const on = controlsOf(name).filter((control) => !control.matches("[type=checkbox],[type=radio]") || (control as HTMLInputElement).checked);
      values[name] = on.map(({ value }) => value);
    }
    return values;
  }

  function settle(): void {
    const shown = shownFields(fields, given());
    for (const { name, show_if } of fields) {
      if (!show_if) continue;
      const here = shown.has(name);
      for (const control of controlsOf(name)) {
        control.disabled = !here;
        const row = control.closest<HTMLElement>(".field");
        if (row) row.hidden = !here;
      }
    }
  }

  // First of all listeners: whoever reads the form on the same event reads what is shown.
  form.addEventListener("input", settle, true);
  form.addEventListener("change", settle, true);
  settle();
  return () => {
    form.removeEventListener("input", settle, true);
    form.removeEventListener("change", settle, true);
  };
}
