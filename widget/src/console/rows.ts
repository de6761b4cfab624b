// Lists of rows: added, taken away and moved on the spot. The server does the same for who has no scripts, by the very
// buttons that are pressed here; the names of the inputs are those it makes.

const NUMBERED = ["name", "id", "for", "aria-describedby", "value", "data-rows"];

/** Let the buttons of every list work here; `changed` is told after each press. */
export function rowLists(form: HTMLFormElement, changed: () => void): void {
  form.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest<HTMLButtonElement>("[data-press]") : null;
    const list = button?.closest<HTMLElement>("[data-rows]");
    if (!button || !list) return;
    event.preventDefault();
    press(list, button);
    changed();
  });
  form.addEventListener("input", ({ target }) => {
    const row = target instanceof Element ? target.closest<HTMLElement>("[data-row]") : null;
    if (row) entitle(row);
  });
}

/** A row is called, while it is folded, what its first line says, and beside that what its owner knows it by. */
function entitle(row: HTMLElement): void {
  const { titles = "", mark } = row.closest<HTMLElement>("[data-rows]")!.dataset;
  const said = (name: string) => row.querySelector<HTMLInputElement>(`[name$="-${name}"]`)?.value.trim() ?? "";
  const first = titles.split(" ").map(said).find(Boolean) ?? "…";
  const [title, beside] = [".row-title", ".row-mark"].map((part) => row.querySelector(part));
  if (title) title.textContent = first;
  if (beside && mark) beside.textContent = said(mark) === first ? "" : said(mark);
}

/** Does what the button says: add, remove, up or down. */
export function press(list: HTMLElement, button: HTMLElement): void {
  const rows = list.querySelector<HTMLElement>(":scope > .row-list")!;
  const row = button.closest<HTMLElement>("[data-row]");
  const what = button.dataset.press;
  if (what === "add") rows.append(list.querySelector<HTMLTemplateElement>(":scope > template")!.content.cloneNode(true));
  else if (what === "up") row?.previousElementSibling?.before(row);
  else if (what === "down") row?.nextElementSibling?.after(row);
  const next = row?.nextElementSibling ?? row?.previousElementSibling;
  if (what === "remove") row?.remove();
  number(list, rows);

  if (what === "add") focusFirst(rows.lastElementChild);
  else if (what === "remove") (next?.querySelector<HTMLElement>("[data-press=remove]") ?? adder(list))?.focus();
  else button.focus();
}

/** Gives every row the number of its place, and no more rows than there may be. */
function number(list: HTMLElement, rows: HTMLElement): void {
  const name = list.dataset.rows!;
  // Far away first: two rows of one number, for a moment, would be one group of radio buttons.
  for (const from of [10_000, 0]) [...rows.children].forEach((row, place) => renumber(row, name, from + place));
  const add = adder(list);
  if (add) add.disabled = list.dataset.most !== undefined && rows.children.length >= Number(list.dataset.most);
}

function renumber(part: ParentNode, name: string, place: number): void {
  const before = new RegExp(`((?:^|[\\s:])${name.replace(/[^\w-]/g, "\\$&")}[-:])(?:\\d+|__row__)(?=[-:\\s]|$)`, "g");
  for (const element of part.querySelectorAll("*")) {
    for (const attribute of NUMBERED) {
      // What a person typed stands in `value` of inputs: only buttons say a row's number there.
      if (attribute === "value" && element.tagName !== "BUTTON") continue;
      const text = element.getAttribute(attribute);
      if (text?.includes(name)) element.setAttribute(attribute, text.replace(before, `$1${place}`));
    }
    if (element instanceof HTMLTemplateElement) renumber(element.content, name, place);
  }
}

const adder = (list: HTMLElement) => list.querySelector<HTMLButtonElement>(":scope > [data-press=add]");

function focusFirst(row: Element | null): void {
  row?.querySelector<HTMLElement>("input:not([type=hidden]), select, textarea")?.focus();
}
