// @vitest-environment happy-dom
import { expect, test } from "vitest";
// The same file that the server's tests run.
import file from "../../../tests/forms/kinds/calculator_vectors.json";
import type { Descriptor } from "../protocol";
import { Fraction, amount, enhance, evaluate, formatted, Failure, type CalculatorData, type Sheet } from "./calculator";

const { worlds, vectors } = file as unknown as { worlds: Record<string, { sheet: Sheet }>; vectors: any[] };

test("every vector comes to its value, as on the server", () => {
  expect(vectors.length).toBeGreaterThanOrEqual(200);
  for (const { world, tree, places, inputs, gives, fails, at } of vectors) {
    const { sheet } = worlds[world]!;
    const results = [...sheet.results, { name: "answer", places, tree }];
    const found = evaluate({ ...sheet, results }, inputs).get("answer")!;
    const said = found instanceof Fraction ? String(found) : found instanceof Failure ? [found.code, found.about] : found;
    expect(said, JSON.stringify({ tree, inputs })).toEqual(fails ? [fails, at] : gives);
  }
});

test("an amount has exactly its places", () => {
  const of = (top: bigint, bottom: bigint, places: number) => amount(Fraction.of(top, bottom), places);
  expect([of(5n, 1n, 2), of(-1n, 100n, 2), of(123456n, 100n, 2), of(0n, 1n, 0), of(7n, 1n, 0)]).toEqual(["5.00", "-0.01", "1234.56", "0", "7"]);
});

test("amounts are written in the manner of the language, with western digits", () => {
  const euros = { money: true, places: 2, unit: "" };
  expect(formatted("1234.5", euros, "EUR", "en")).toBe("€1,234.50");
  expect(formatted("1234.5", euros, "EUR", "ar")).toContain("1,234.50");
  expect(formatted("999999999999999.99", euros, "EUR", "en")).toBe("€999,999,999,999,999.99");
  expect(formatted("37.9", { money: false, places: 1, unit: "m²" }, "EUR", "en")).toBe("37.9 m²");
});

const data: CalculatorData = {
  sheet: {
    fields: {
      width: { type: "number", min: "1", max: "100", step: "1", optional: false },
      wood: { type: "choice", prices: { Oak: "12.345", Pine: "8" } },
      island: { type: "box", price: "500" },
    },
    tables: {},
    results: [
      { name: "boards", places: 2, tree: ["mul", ["value", "width"], ["value", "wood"]] },
      { name: "total", places: 2, tree: ["add", ["result", "boards"], ["value", "island"]] },
    ],
  },
  currency: "EUR",
  lines: [
    { name: "boards", label: "Boards", money: true, places: 2, unit: "", main: false },
    { name: "total", label: "All in all", money: true, places: 2, unit: "", main: true },
  ],
  labels: { width: "Width", wood: "Wood", island: "Island" },
  hints: { width: "From 1 to 100." },
  words: { title: "What it comes to", missing: "Still to fill in: {name}.", division_by_zero: "0", too_large: "!", no_line: "?" },
};

function painted(): { form: HTMLFormElement; place: HTMLElement; stop: () => void } {
  document.body.innerHTML = `<form><input name="width" value=""><select name="wood"><option value=""></option><option>Oak</option><option>Pine</option></select>
    <input type="checkbox" name="island" value="on"><div data-lc="computed"></div></form>`;
  const form = document.querySelector("form")!;
  const stop = enhance(form, { lang: "en", data } as unknown as Descriptor)!;
  return { form, place: form.querySelector<HTMLElement>("[data-lc=computed]")!, stop };
}

function change(form: HTMLFormElement, name: string, value: string | boolean): void {
  const control = form.elements.namedItem(name) as HTMLInputElement;
  if (typeof value === "boolean") control.checked = value;
  else control.value = value;
  control.dispatchEvent(new Event("input", { bubbles: true }));
}

test("the result follows every change, rounded half up, and says what is still missing", () => {
  const { form, place, stop } = painted();
  const note = () => place.querySelector("[data-lc=computed-note]")!.textContent;
  const total = () => place.querySelector(".total")!.textContent;
  expect([note(), total()]).toEqual(["Still to fill in: Width.", "All in all –"]);
  change(form, "width", "10");
  expect(note()).toBe("Still to fill in: Wood.");
  change(form, "wood", "Oak");
  expect([note(), total(), place.querySelector("dd")!.textContent]).toEqual(["", "All in all €123.45", "€123.45"]);
  change(form, "island", true);
  expect(total()).toBe("All in all €623.45");
  change(form, "width", "101");
  expect([note(), total()]).toEqual(["From 1 to 100.", "All in all –"]);
  stop();
  expect(place.childNodes).toHaveLength(0);
});

test("the total is read out, and only when it has changed", () => {
  const { form, place } = painted();
  const total = place.querySelector(".total")!;
  expect(total.getAttribute("aria-live")).toBe("polite");
  change(form, "width", "10");
  change(form, "wood", "Pine");
  const before = total.firstChild;
  change(form, "wood", "Pine");
  expect(total.firstChild).toBe(before);
});

test("a form without results is left alone", () => {
  document.body.innerHTML = '<form><div data-lc="computed"></div></form>';
  const form = document.querySelector("form")!;
  expect(enhance(form, { lang: "en", data: { ...data, lines: [] } } as unknown as Descriptor)).toBeUndefined();
  expect(enhance(form, { lang: "en", data: null } as unknown as Descriptor)).toBeUndefined();
});
