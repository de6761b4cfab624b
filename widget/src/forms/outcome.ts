// What a person gets, shown: items with their sum, a code to copy, where to go on, the small print.
import { el } from "../dom";
import type { FormResult } from "../protocol";

export interface OutcomeWords {
  copy: string;
  copied: string;
}

/** All of a result but its title and text; nothing where there is no more to it. */
export function outcomeParts(result: FormResult, words: OutcomeWords): HTMLElement[] {
  const { rows = [], total, code, links = [], note } = result;
  const parts: (HTMLElement | false | undefined | "" | null)[] = [
    (rows.length > 0 || total) && itemised(rows, total ?? null),
    code && copyable(code, words),
    ...links.filter(({ url }) => /^https?:\/\//.test(url)).map(linkButton),
    note && el("p", { class: "help" }, note),
  ];
  return parts.filter((part): part is HTMLElement => !!part);
}

function itemised(rows: { label: string; value: string }[], total: { label: string; value: string } | null): HTMLElement {
  const line = ({ label, value }: { label: string; value: string }) =>
    el("tr", {}, el("th", { scope: "row" }, label), el("td", {}, el("bdi", {}, value)));
  return el("table", { class: "rows", "data-lc": "rows" }, el("tbody", {}, ...rows.map(line)), total && el("tfoot", {}, line(total)));
}

const linkButton = ({ label, url }: { label: string; url: string }): HTMLElement =>
  el("a", { class: "button", href: url, target: "_blank", rel: "noopener", "data-lc": "link" }, label);

function copyable(code: string, words: OutcomeWords): HTMLElement {
  const shown = el("code", { "data-lc": "code", dir: "ltr" }, code);
  const button = el("button", { type: "button", class: "button quiet", "data-lc": "copy" }, words.copy);
  const said = el("span", { class: "away", role: "status" });
  copyOnPress(button, shown, said, words);
  return el("div", { class: "copy" }, shown, button, said);
}

/** Has the button copy what is shown and say so, in its own words and to screen readers. */
export function copyOnPress(button: HTMLElement, shown: HTMLElement, said: HTMLElement, words: OutcomeWords): void {
  button.addEventListener("click", async () => {
    if (!(await copied(shown))) return;
    button.textContent = said.textContent = words.copied;
    setTimeout(() => {
      button.textContent = words.copy;
      said.textContent = "";
    }, 3_000);
  });
}

/** Whether the text was copied; where scripts may not (plain http) it is marked, so that Ctrl+C copies it. */
async function copied(shown: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(shown.textContent ?? "");
    return true;
  } catch {
    getSelection()?.selectAllChildren(shown);
    return document.execCommand("copy");
  }
}
