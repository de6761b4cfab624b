// The calculator while somebody fills it in: every change shows the results anew, with no request. `evaluate` is
// leadcapture/forms/kinds/calculator/evaluation.py rule by rule; one file of vectors holds both to the same answers.
// Numbers are exact fractions; they are rounded, half up, only where a formula says so and where a result is shown.
import { el } from "../dom";
import type { Descriptor } from "../protocol";

type Tree = [op: string, ...parts: any[]];
interface NumberField { type: "number"; min: string; max: string; step: string; optional: boolean }
interface ChoiceField { type: "choice"; prices: Record<string, string | null> }
interface BoxField { type: "box"; price: string | null }

export interface Sheet {
  fields: Record<string, NumberField | ChoiceField | BoxField>;
  tables: Record<string, { by: "number" | "text"; lines: [key: string, value: string][] }>;
  results: { name: string; places: number | null; tree: Tree }[];
}
export type Inputs = Record<string, string | boolean | null | undefined>;
export type Value = Fraction | boolean | string;

/** Why a result cannot be told; `code` and `name` as in evaluation.py. */
export class Failure extends Error {
  constructor(readonly code: string, readonly about = "") {
    super(code);
  }
}

// ---- exact numbers

const LARGEST = 10n ** 15n;
const FINEST = 10n ** 30n;
const NUMBER = /^([+-]?)(\d{1,20}(?:\.(\d{0,20}))?|\.(\d{1,20}))(?:e([+-]?\d{1,2}))?$/i;

export class Fraction {
  /** In lowest terms, the denominator above zero. */
  private constructor(readonly top: bigint, readonly bottom: bigint) {}

  static of(top: bigint, bottom = 1n): Fraction {
    const shared = divisor(top, bottom) * (bottom < 0n ? -1n : 1n);
    return new Fraction(top / shared, bottom / shared);
  }

  /** What is typed or kept as a decimal; null when it is none. */
  static parse(text: string): Fraction | null {
    const match = NUMBER.exec(text.trim());
    if (!match) return null;
    const decimals = match[3] ?? match[4] ?? "";
    const digits = BigInt(match[2]!.replace(".", "")) * (match[1] === "-" ? -1n : 1n);
    const exponent = Number(match[5] ?? 0) - decimals.length;
    return exponent < 0 ? Fraction.of(digits, 10n ** BigInt(-exponent)) : Fraction.of(digits * 10n ** BigInt(exponent));
  }

  get isSane(): boolean {
    return absolute(this.top) < LARGEST * this.bottom && this.bottom <= FINEST;
  }

  compare({ top, bottom }: Fraction): number {
    const [one, other] = [this.top * bottom, top * this.bottom];
    return one < other ? -1 : one > other ? 1 : 0;
  }

  toString(): string {
    return this.bottom === 1n ? `${this.top}` : `${this.top}/${this.bottom}`;
  }
}

const absolute = (number: bigint) => (number < 0n ? -number : number);

function divisor(one: bigint, other: bigint): bigint {
  let [a, b] = [absolute(one), absolute(other)];
  while (b) [a, b] = [b, a % b];
  return a || 1n;
}

function sane(number: Fraction): Fraction {
  if (!number.isSane) throw new Failure("too_large");
  return number;
}

const ARITHMETIC: Record<string, (a: Fraction, b: Fraction) => Fraction> = {
  add: (a, b) => Fraction.of(a.top * b.bottom + b.top * a.bottom, a.bottom * b.bottom),
  sub: (a, b) => Fraction.of(a.top * b.bottom - b.top * a.bottom, a.bottom * b.bottom),
  mul: (a, b) => Fraction.of(a.top * b.top, a.bottom * b.bottom),
  div: (a, b) => {
    if (!b.top) throw new Failure("division_by_zero");
    return Fraction.of(a.top * b.bottom, a.bottom * b.top);
  },
};

// Of a fraction that is not below zero: what it is rounded to.
const ROUNDINGS: Record<string, (top: bigint, bottom: bigint) => bigint> = {
  round: (top, bottom) => (2n * top + bottom) / (2n * bottom),
  roundup: (top, bottom) => (top + bottom - 1n) / bottom,
  rounddown: (top, bottom) => top / bottom,
};

function rounded(value: Fraction, places: number, how: string): Fraction {
  const scale = 10n ** BigInt(Math.abs(places));
  const [up, down] = places < 0 ? [1n, scale] : [scale, 1n];
  const whole = ROUNDINGS[how]!(absolute(value.top) * up, value.bottom * down);
  return sane(Fraction.of(whole * down * (value.top < 0n ? -1n : 1n), up));
}

/** A rounded number as a plain decimal with exactly so many places. */
export function amount(value: Fraction, places: number): string {
  const digits = `${(absolute(value.top) * 10n ** BigInt(places)) / value.bottom}`.padStart(places + 1, "0");
  const point = digits.length - places;
  return (value.top < 0n ? "-" : "") + digits.slice(0, point) + (places ? `.${digits.slice(point)}` : "");
}

// ---- computing

const COMPARISONS: Record<string, (order: number) => boolean> = {
  lt: (order) => order < 0,
  le: (order) => order <= 0,
  gt: (order) => order > 0,
  ge: (order) => order >= 0,
  eq: (order) => order === 0,
  ne: (order) => order !== 0,
};

const order = (one: Value, other: Value): number =>
  one instanceof Fraction && other instanceof Fraction ? one.compare(other) : one === other ? 0 : 1;

/** Every result by name: its value, or why there is none. */
export function evaluate(sheet: Sheet, inputs: Inputs): Map<string, Value | Failure> {
  const found = new Map<string, Value | Failure>();
  const number = (tree: Tree) => value(tree) as Fraction;

  function value([op, ...parts]: Tree): Value {
    switch (op) {
      case "number": return Fraction.parse(parts[0])!;
      case "text": case "truth": return parts[0];
      case "value": case "chosen": case "ticked": return field(op, parts[0]);
      case "result": return result(parts[0]);
      case "neg": return ARITHMETIC.sub!(Fraction.of(0n), number(parts[0]));
      case "not": return !value(parts[0]);
      case "and": return parts.every((part) => value(part));
      case "or": return parts.some((part) => value(part));
      case "if": return value(value(parts[0]) ? parts[1] : parts[2]);
      case "min": return parts.map(number).reduce((a, b) => (b.compare(a) < 0 ? b : a));
      case "max": return parts.map(number).reduce((a, b) => (b.compare(a) > 0 ? b : a));
      case "lookup": return lookup(parts[0], value(parts[1]));
    }
    if (op in ROUNDINGS) return rounded(number(parts[0]), parts[1], op);
    const [one, other] = [value(parts[0]), value(parts[1])];
    if (op in COMPARISONS) return COMPARISONS[op]!(order(one, other));
    return sane(ARITHMETIC[op]!(one as Fraction, other as Fraction));
  }

  function result(name: string): Value {
    const known = found.get(name)!;
    if (known instanceof Failure) throw known;
    return known;
  }

  function field(wanted: string, name: string): Value {
    const described = sheet.fields[name]!;
    const given = inputs[name] ?? "";
    if (described.type === "box") {
      const ticked = given !== "" && given !== false;
      return wanted === "ticked" ? ticked : Fraction.parse((ticked && described.price) || "0")!;
    }
    const text = String(given).trim();
    if (described.type === "choice") {
      if (given === "") throw new Failure("missing", name);
      if (!Object.hasOwn(described.prices, String(given))) throw new Failure("wrong_input", name);
      return wanted === "chosen" ? String(given) : Fraction.parse(described.prices[String(given)] ?? "0")!;
    }
    if (!text && described.optional) return Fraction.of(0n);
    if (!text) throw new Failure("missing", name);
    const entered = Fraction.parse(text);
    if (!entered?.isSane || !fits(entered, described)) throw new Failure("wrong_input", name);
    return entered;
  }

  function lookup(name: string, key: Value): Fraction {
    const { by, lines } = sheet.tables[name]!;
    const fits = (line: string) => (by === "text" ? line === key : Fraction.parse(line)!.compare(key as Fraction) <= 0);
    const line = lines.filter(([one]) => fits(one)).at(-1);
    if (!line) throw new Failure("no_line", name);
    return Fraction.parse(line[1])!;
  }

  for (const { name, places, tree } of sheet.results) {
    try {
      const exact = value(tree);
      found.set(name, places !== null && exact instanceof Fraction ? rounded(exact, places, "round") : exact);
    } catch (failure) {
      if (!(failure instanceof Failure)) throw failure;
      found.set(name, failure);
    }
  }
  return found;
}

function fits(value: Fraction, { min, max, step }: NumberField): boolean {
  const low = Fraction.parse(min)!;
  if (value.compare(low) < 0 || value.compare(Fraction.parse(max)!) > 0) return false;
  return !step || ARITHMETIC.div!(ARITHMETIC.sub!(value, low), Fraction.parse(step)!).bottom === 1n;
}

// ---- showing

interface Line {
  name: string;
  label: string;
  money: boolean;
  places: number;
  unit: string;
  main: boolean;
}

/** What the server says beside the sheet: all words in the visitor's language, `{name}` standing for a field's label. */
export interface CalculatorData {
  sheet: Sheet;
  currency: string;
  lines: Line[];
  labels: Record<string, string>;
  hints: Record<string, string>;
  words: { title: string; missing: string; division_by_zero: string; too_large: string; no_line: string };
}

/** Shows the results under the form's fields and keeps them true. */
export function enhance(form: HTMLFormElement, descriptor: Descriptor): (() => void) | void {
  const place = form.querySelector<HTMLElement>("[data-lc=computed]");
  const data = (descriptor as { data?: unknown }).data as CalculatorData | null | undefined;
  if (!place || !data?.lines.length) return;
  const { sheet, lines, labels, hints, words } = data;
  const rows = el("dl", { class: "rows" });
  const total = el("p", { class: "total", "aria-live": "polite", "aria-atomic": "true" });
  const note = el("p", { class: "help", "data-lc": "computed-note", role: "status" });
  place.setAttribute("role", "group");
  place.setAttribute("aria-label", words.title);
  place.replaceChildren(total, note, rows);
  // The price stands under what it hangs on, before one is asked for name and address.
  form.querySelector("[name=name], [name=email]")?.closest(".field")?.before(place);
  const unstick = keepInSight(place, total, form);

  function show(): void {
    const found = evaluate(sheet, inputsOf(form, sheet));
    const said = (line: Line) => {
      const value = found.get(line.name);
      return value instanceof Fraction ? formatted(amount(value, line.places), line, data!.currency, descriptor.lang) : "–";
    };
    rows.replaceChildren(...lines.filter(({ main }) => !main).map((line) =>
      el("div", { class: "row", "data-name": line.name }, el("dt", {}, line.label), el("dd", {}, bdi(said(line))))));
    rows.hidden = !rows.children.length;
    const main = lines.find((line) => line.main)!;
    write(total, [el("span", {}, main.label), " ", el("strong", {}, bdi(said(main)))]);
    const failed = lines.map(({ name }) => found.get(name)).find((value) => value instanceof Failure);
    write(note, [failed ? explain(failed as Failure) : ""]);
    note.hidden = !failed;
  }

  function explain({ code, about }: Failure): string {
    if (code === "wrong_input") return hints[about] ?? "";
    return words[code as keyof CalculatorData["words"]].replace("{name}", labels[about] ?? about);
  }

  form.addEventListener("input", show);
  form.addEventListener("change", show);
  show();
  return () => {
    form.removeEventListener("input", show);
    form.removeEventListener("change", show);
    unstick();
    place.replaceChildren();
  };
}

/** While somebody is still further up in the form, the first line of the place looks up from the lower edge. */
function keepInSight(place: HTMLElement, first: HTMLElement, form: HTMLFormElement): () => void {
  let shown = 0;
  const measure = () => {
    const { top, height } = place.getBoundingClientRect();
    shown = first.getBoundingClientRect().bottom - top + 12;
    place.style.insetBlockEnd = `${Math.min(0, shown - height)}px`;
  };
  // What somebody goes to does not stay hidden behind it.
  const reveal = ({ target }: Event) => {
    if (!(target instanceof HTMLElement) || !(place.compareDocumentPosition(target) & Node.DOCUMENT_POSITION_PRECEDING)) return;
    const scroll = (margin: number) => {
      target.style.scrollMarginBlockEnd = `${margin}px`;
      target.scrollIntoView({ block: "nearest" });
      return target.getBoundingClientRect().bottom + 8 - place.getBoundingClientRect().top;
    };
    // Where the scrolled part has an inner margin, the place stands that much higher.
    const covered = scroll(shown + 8);
    if (covered > 0) scroll(shown + 8 + covered);
  };
  const observer = new ResizeObserver(measure);
  place.style.position = "sticky";
  place.style.zIndex = "1";
  observer.observe(place);
  form.addEventListener("focusin", reveal);
  return () => {
    observer.disconnect();
    form.removeEventListener("focusin", reveal);
  };
}

const bdi = (text: string) => el("bdi", {}, text);

/** Writes only what is new, for what is written is read out. */
function write(element: HTMLElement, parts: (Node | string)[]): void {
  const fresh = el("div", {}, ...parts);
  if (fresh.textContent !== element.textContent) element.replaceChildren(...fresh.childNodes);
}

function inputsOf(form: HTMLFormElement, sheet: Sheet): Inputs {
  const sent = new FormData(form);
  return Object.fromEntries(Object.keys(sheet.fields).map((name) => [name, sent.get(name) as string | null]));
}

/** An amount in the manner of the visitor's language, with western digits as in the mail. */
export function formatted(exact: string, { money, places, unit }: Omit<Line, "name" | "label" | "main">, currency: string, lang: string): string {
  const digits = { minimumFractionDigits: places, maximumFractionDigits: places };
  const style = money ? { style: "currency", currency, ...digits } as const : digits;
  // As text, for a number would not hold every cent of a very large amount.
  const text = new Intl.NumberFormat(`${lang}-u-nu-latn`, style).format(exact as `${number}`);
  return unit && !money ? `${text} ${unit}` : text;
}
