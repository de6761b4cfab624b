// @vitest-environment happy-dom
import { expect, test } from "vitest";
import en from "../i18n/en.json";
import { words } from "../i18n/words";
import type { Descriptor, Field } from "../protocol";
import { westernDigits } from "./done";
import { paint } from "./main";
import { isStale, solve } from "./proof";
import { clearError, readValues, showErrors, writeValues } from "./values";

const field = (name: string, more: Partial<Field> = {}): Field => ({
  name, type: "text", label: name, help: null, required: false, unmarked: false, autocomplete: null, inputmode: null, maxlength: null, options: null, value: null,
  min: null, max: null, step: null, unit: null, param: null, show_if: null, ...more,
});
const consent = { purpose: "newsletter", statement: "I agree <b>fully</b>.", version: 1 };
const descriptor: Descriptor = {
  slug: "news", kind: "subscription", version: 1, title: "News", intro: "", button: "Go", lang: "en", dir: "ltr",
  privacy_url: "https://example.org/privacy", honeypot: "website_url", notice: null, consent,
  data: null, module: null, closed: null, compute: false, rich: false,
  fields: [
    field("email", { type: "email", required: true, help: "Yours" }),
    field("size", { type: "select", options: [{ value: "s", label: "Small" }] }),
    field("terms", { type: "checkbox" }),
    field("secret", { type: "hidden", value: "x" }),
  ],
  consents: [{ ...consent, required: true }, { ...consent, purpose: "offers", required: false }],
};
const painted = () => paint(descriptor, { optional: "optional", privacy: "Privacy policy" });

test("no box is checked beforehand", () => {
  const boxes = [...painted().querySelectorAll<HTMLInputElement>("[type=checkbox]")];
  expect(boxes).toHaveLength(3);
  expect(boxes.some((box) => box.checked)).toBe(false);
});

test("words of the site's owner are text, never markup", () => {
  expect(painted().querySelector("b")).toBeNull();
  expect(painted().textContent).toContain("I agree <b>fully</b>.");
});

test("the trap is hidden from people and screen readers and stays empty", () => {
  const trap = painted().querySelector<HTMLInputElement>("[name=website_url]")!;
  expect([trap.value, trap.tabIndex, trap.closest("[aria-hidden=true]") !== null]).toEqual(["", -1, true]);
});

test("every field has a label of its own", () => {
  const form = painted();
  for (const input of form.querySelectorAll<HTMLInputElement>("input:not([type=hidden]):not([tabindex]), select")) {
    expect(form.querySelector(`label[for="${input.id}"]`) ?? input.closest("label"), input.name).not.toBeNull();
  }
});

test("values are read by name, agreed purposes as a list", () => {
  const form = painted();
  form.querySelector<HTMLInputElement>("[value=offers]")!.checked = true;
  writeValues(form, { email: "carol@example.org", unknown: "x" });
  writeValues(form, { email: "other@example.org" });
  expect(readValues(form)).toMatchObject({ email: "carol@example.org", consent: ["offers"], secret: "x", website_url: "" });
});

test("errors stand at their fields, are tied to them, and go when mended", () => {
  const form = painted();
  document.body.append(form);
  showErrors(form, { email: ["Not an address."], consent: ["Needed."] });
  const email = form.querySelector<HTMLInputElement>("[name=email]")!;
  const [help, error] = [`${email.id}-help`, `${email.id}-error`];
  expect(email.getAttribute("aria-invalid")).toBe("true");
  expect(email.getAttribute("aria-describedby")).toBe(`${error} ${help}`);
  expect([...form.querySelectorAll("[data-lc=error]")].map((one) => one.textContent)).toEqual(["Not an address.", "Needed."]);
  expect(document.activeElement).toBe(email);
  clearError(form, email);
  expect([email.hasAttribute("aria-invalid"), email.getAttribute("aria-describedby")]).toEqual([false, help]);
});

test("a challenge is solved with its number", async () => {
  const salt = "salt?expires=9999999999&";
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`${salt}1234`));
  const challenge = Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const payload = await solve({ algorithm: "SHA-256", challenge, maxnumber: 5000, salt, signature: "s" });
  expect(JSON.parse(atob(payload!))).toEqual({ algorithm: "SHA-256", challenge, number: 1234, salt, signature: "s" });
  expect(await solve({ algorithm: "SHA-256", challenge: "none", maxnumber: 300, salt, signature: "s" })).toBeNull();
});

test("an old challenge is known by its salt", () => {
  const challenge = { algorithm: "SHA-256", challenge: "", maxnumber: 1, signature: "", salt: "a?expires=1000&" };
  expect([isStale(challenge, 900_000), isStale(challenge, 990_000)]).toEqual([false, true]);
});

test("a code may be typed with any keyboard's digits", () => {
  expect(["123 456", "١٢٣٤٥٦", "۱۲۳-۴۵۶"].map(westernDigits)).toEqual(["123456", "123456", "123456"]);
});

test("texts of the panel know every problem of a form", () => {
  const t = words(en);
  for (const problem of ["network", "server", "challenge", "refused"] as const) expect(t(`form_${problem}`)).not.toContain("form_");
});
