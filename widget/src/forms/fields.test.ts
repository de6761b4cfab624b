// @vitest-environment happy-dom
import { beforeEach, expect, test, vi } from "vitest";
import ar from "../i18n/ar.json";
import en from "../i18n/en.json";
import { words } from "../i18n/words";
import type { Descriptor, Field } from "../protocol";
import { sayValue } from "./fields";
import { enhanced } from "./kind";
import { paint } from "./main";
import { followConditions, shownFields } from "./shown";
import { suggestAddresses } from "./suggest";
import { clearError, fillFromAddress, readValues, showErrors, writeValues, type Control } from "./values";
import { wrongFields } from "./wrong";

const field = (name: string, more: Partial<Field> = {}): Field => ({
  name, type: "text", label: name, help: null, required: true, unmarked: false, autocomplete: null, inputmode: null, maxlength: null, options: null, value: null,
  min: null, max: null, step: null, unit: null, param: null, show_if: null, ...more,
});
const options = [{ value: "1", label: "Oak" }, { value: "2", label: "Ash" }];
const stars = [5, 4, 3, 2, 1].map((number) => ({ value: `${number}`, label: `${number} stars` }));
const FIELDS: Field[] = [
  field("email", { type: "email" }),
  field("wood", { type: "radio", options }),
  field("extras", { type: "checks", options }),
  field("rating", { type: "stars", options: stars }),
  field("floor", { type: "select", options }),
  field("width", { type: "number", min: "10", max: "300", step: "0.5", unit: "cm", help: "Between the walls." }),
  field("day", { type: "date", min: "2026-12-01" }),
  field("depth", { type: "range", min: "0", max: "5000", step: "500", value: "1500", unit: "mm" }),
  field("campaign", { type: "hidden", param: "utm_source", required: false }),
];
const descriptor = (fields: Field[], more: Partial<Descriptor> = {}): Descriptor => ({
  slug: "order", kind: "order", version: 1, title: "Order", intro: "", button: "Send", lang: "en", dir: "ltr", privacy_url: null,
  honeypot: "website_url", notice: null, consent: null, consents: [], fields,
  data: null, module: null, closed: null, compute: false, rich: true, ...more,
});
const t = words(en);

function painted(fields = FIELDS, more: Partial<Descriptor> = {}): HTMLFormElement {
  const form = paint(descriptor(fields, more), { optional: "optional", privacy: "Privacy policy" });
  document.body.replaceChildren(form);
  return form;
}
const one = (form: HTMLFormElement, selector: string) => form.querySelector<HTMLInputElement>(selector)!;
const wrong = (form: HTMLFormElement, name: string, lang = "en", say = t) => wrongFields(form, lang, say)[name]?.[0];

let form: HTMLFormElement;
beforeEach(() => {
  form = painted();
});

test("what may be left empty says so, unless that would only be noise", () => {
  const fields = [field("note", { required: false }), field("many", { type: "number", unit: "×", required: false, unmarked: true })];
  const form = paint({ ...descriptor(fields) }, { optional: "optional", privacy: "" });
  expect([...form.querySelectorAll("label")].map((label) => label.textContent)).toEqual(["note (optional)", "many"]);
});

test("a choice is named by the question it belongs to, and each option by its label", () => {
  for (const name of ["wood", "extras", "rating"]) {
    const group = one(form, `[name=${name}]`).closest("fieldset")!;
    expect(group.querySelector("legend")!.textContent).toBe(name);
    for (const input of group.querySelectorAll("input")) expect(input.closest("label")!.textContent).not.toBe("");
  }
  expect(form.querySelector("[name=extras]")!.closest("fieldset")!.getAttribute("role")).toBeNull();
  expect(form.querySelector("[name=rating]")!.closest("fieldset")!.getAttribute("role")).toBe("radiogroup");
});

test("one star comes first, whatever the order they were told in", () => {
  expect([...form.querySelectorAll<HTMLInputElement>("[name=rating]")].map(({ value }) => value)).toEqual(["1", "2", "3", "4", "5"]);
});

test("several choices are sent as a list", () => {
  for (const box of form.querySelectorAll<HTMLInputElement>("[name=extras]")) box.checked = true;
  one(form, "[name=wood][value='2']").checked = true;
  expect(readValues(form)).toMatchObject({ extras: ["1", "2"], wood: "2", depth: "1500" });
});

test("what is known of a person ticks no box and chooses nothing", () => {
  writeValues(form, { wood: "1", extras: "1", campaign: "x", email: "alice@example.org" });
  expect(readValues(form)).toMatchObject({ email: "alice@example.org", campaign: "" });
  expect(form.querySelector(":checked:not(option)")).toBeNull();
});

test("a field left empty says what it wants", () => {
  const said = wrongFields(form, "en", t);
  expect(said).toEqual({
    email: ["Fill this in."], wood: ["Choose one."], extras: ["Choose at least one."], rating: ["Choose one to five stars."],
    floor: ["Choose one."], width: ["Fill this in."], day: ["Fill this in."],
  });
});

test("numbers and days beyond their limits say which they are, in the visitor's language", () => {
  const [width, day] = [one(form, "[name=width]"), one(form, "[name=day]")];
  width.value = "9";
  day.value = "2026-11-30";
  const validity = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "validity")!;
  // The browser of the tests compares no days.
  Object.defineProperty(day, "validity", { configurable: true, value: { rangeUnderflow: true } });
  expect([wrong(form, "width"), wrong(form, "day")]).toEqual(["At least 10.", "Not before December 1, 2026."]);
  expect(wrong(form, "day", "ar", words(ar))).toMatch(/^ليس قبل 1 ديسمبر 2026/);
  width.value = "301";
  expect(wrong(form, "width")).toBe("At most 300.");
  width.value = "120.5";
  day.value = "2026-12-01";
  Object.defineProperty(day, "validity", validity);
  expect([wrong(form, "width"), wrong(form, "day")]).toEqual([undefined, undefined]);
});

test("a number between two steps says which ones are near", () => {
  const width = one(form, "[name=width]");
  width.value = "120.7";
  expect(wrong(form, "width")).toBe("Only steps of 0.5: 120.5 or 121, for instance.");
});

test("a unit and a help are told with the number, an error before them", () => {
  const width = one(form, "[name=width]");
  const parts = () => width.getAttribute("aria-describedby")!.split(" ").map((id) => form.querySelector(`[id="${id}"]`)!.textContent);
  expect(parts()).toEqual(["Between the walls.", "cm"]);
  showErrors(form, { width: ["At least 10."] });
  expect(parts()).toEqual(["At least 10.", "Between the walls.", "cm"]);
});

test("an error of a choice stands once, at the group, and goes when one is chosen", () => {
  showErrors(form, { extras: ["Choose at least one."], wood: ["Choose one."] });
  expect([...form.querySelectorAll("[data-lc=error]")].map((error) => error.textContent)).toEqual(["Choose one.", "Choose at least one."]);
  const group = one(form, "[name=wood]").closest("fieldset")!;
  expect(group.getAttribute("aria-describedby")).toBe(group.querySelector("[data-lc=error]")!.id);
  clearError(form, one(form, "[name=wood][value='2']") as Control);
  clearError(form, one(form, "[name=extras][value='2']") as Control);
  expect(form.querySelectorAll("[data-lc=error], [aria-invalid]")).toHaveLength(0);
});

test("a slider shows its value as the language writes it", () => {
  const depth = one(form, "[name=depth]");
  sayValue(depth, "en");
  expect([depth.parentElement!.querySelector("output")!.textContent, depth.getAttribute("aria-valuetext")]).toEqual(["1,500 mm", "1,500 mm"]);
  sayValue(depth, "de");
  expect(depth.getAttribute("aria-valuetext")).toBe("1.500 mm");
});

test("a hidden field takes the parameter of the page's address", () => {
  fillFromAddress(form, FIELDS, "?utm_source=letter&utm_medium=mail");
  expect(readValues(form).campaign).toBe("letter");
});

test("a form that takes nothing now says so and has nothing to fill in", () => {
  const closed = painted(FIELDS, { closed: "Closed since Sunday." });
  expect(closed.textContent).toContain("Closed since Sunday.");
  expect(closed.elements).toHaveLength(0);
});

test("a form that is over leads to what came of it, by a web address only", () => {
  const over = (url: string) => painted(FIELDS, { closed: "It is over.", data: { closed_link: { label: "See the result", url } } });
  expect(over("https://shop.example.org/draw").querySelector("a")!.href).toBe("https://shop.example.org/draw");
  expect(over("javascript:alert(1)").querySelector("a")).toBeNull();
});

test("a kind with a module has a place to draw in, before what one agrees to", () => {
  const consents = [{ purpose: "news", statement: "I agree.", version: 1, required: true }];
  const element = painted(FIELDS, { module: "/static/kind-order.js", consents });
  const place = element.querySelector("[data-lc=computed]")!;
  expect(place.childElementCount).toBe(0);
  expect(place.compareDocumentPosition(element.querySelector("[name=consent]")!)).toBe(Node.DOCUMENT_POSITION_FOLLOWING);
  expect(painted().querySelector("[data-lc=computed]")).toBeNull();
});

// ---- kinds' own modules

const module = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;

test("a kind's module takes part in the form until it is told to end", async () => {
  const code = "export const enhance = (form, { slug }) => { form.dataset.by = slug; return () => { form.dataset.by = ''; }; };";
  const end = await new Promise<() => void>((done) => {
    const stop = enhanced(form, descriptor(FIELDS, { module: module(code) }), "", () => done(stop));
  });
  expect(form.dataset.by).toBe("order");
  end();
  expect(form.dataset.by).toBe("");
});

test("a module that fails leaves the form as it was", async () => {
  const warned = new Promise((done) => vi.spyOn(console, "warn").mockImplementation(done));
  enhanced(form, descriptor(FIELDS, { module: module("export const enhance = () => { throw new Error('broken'); };") }), "");
  await warned;
  one(form, "[name=email]").value = "alice@example.org";
  expect(readValues(form).email).toBe("alice@example.org");
});

// ---- conditions

const CHAIN = [
  field("lift", { type: "checkbox", required: false }),
  field("size", { type: "radio", options, show_if: { field: "lift", values: ["on"] } }),
  field("detail", { show_if: { field: "size", values: ["2"] } }),
  field("any", { show_if: { field: "detail", values: null } }),
];

test("conditions are followed through chains", () => {
  const shown = (given: Record<string, string | string[]>) => [...shownFields(CHAIN, given)];
  expect(shown({})).toEqual(["lift"]);
  expect(shown({ lift: "on" })).toEqual(["lift", "size"]);
  expect(shown({ lift: "on", size: "2" })).toEqual(["lift", "size", "detail"]);
  expect(shown({ lift: "on", size: ["2"], detail: "x" })).toEqual(["lift", "size", "detail", "any"]);
  expect(shown({ size: "2", detail: "x" })).toEqual(["lift"]);
});

test("fields that hang on each other in a circle are not shown, and harm nothing", () => {
  const circle = [field("a", { show_if: { field: "b", values: null } }), field("b", { show_if: { field: "a", values: null } }), field("c")];
  expect([...shownFields(circle, { a: "x", b: "x" })]).toEqual(["c"]);
});

test("what is not shown is neither sent nor missed, and keeps what was typed", () => {
  const element = painted(CHAIN);
  const end = followConditions(element, CHAIN);
  const [lift, size, detail] = [one(element, "[name=lift]"), one(element, "[name=size][value='2']"), one(element, "[name=detail]")];
  const change = (control: HTMLInputElement, checked: boolean) => {
    control.checked = checked;
    control.dispatchEvent(new Event("change", { bubbles: true }));
  };
  expect([size.closest<HTMLElement>(".field")!.hidden, wrongFields(element, "en", t)]).toEqual([true, {}]);
  change(lift, true);
  expect([size.closest<HTMLElement>(".field")!.hidden, wrong(element, "size")]).toEqual([false, "Choose one."]);
  change(size, true);
  detail.value = "By the door";
  change(lift, false);
  expect(readValues(element)).toEqual({ consent: [], website_url: "" });
  change(lift, true);
  expect(readValues(element)).toMatchObject({ lift: "on", size: "2", detail: "By the door" });
  end();
});

// ---- slips in addresses

test("a slip is pointed out beside the field, taken over by a press, or left for good", () => {
  suggestAddresses(form, { question: "Did you mean {address}?", dismiss: "No, leave it" });
  const email = one(form, "[name=email]");
  const type = (text: string) => {
    email.value = text;
    email.dispatchEvent(new Event("input", { bubbles: true }));
    email.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const place = () => form.querySelector(".suggestion")!;
  type("alice@gmial.com");
  expect(place().textContent).toBe("Did you mean alice@gmail.com? No, leave it");
  place().querySelector("button")!.click();
  expect([email.value, place().textContent]).toEqual(["alice@gmail.com", ""]);
  type("alice@gmial.com");
  place().querySelectorAll("button")[1]!.click();
  type("alice@gmial.com");
  expect([email.value, place().textContent]).toEqual(["alice@gmial.com", ""]);
});
