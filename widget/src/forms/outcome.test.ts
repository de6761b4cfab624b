// @vitest-environment happy-dom
import { expect, test } from "vitest";
import en from "../i18n/en.json";
import { words } from "../i18n/words";
import type { Descriptor, FormResult } from "../protocol";
import { doneView } from "./done";
import { outcomeParts } from "./outcome";
import { INITIAL, type FormState } from "./state";

const WORDS = { copy: "Copy", copied: "Copied" };
const shown = (result: FormResult) => {
  const place = document.createElement("div");
  place.append(...outcomeParts(result, WORDS));
  document.body.replaceChildren(place);
  return place;
};

test("items stand in a table with their sum", () => {
  const place = shown({ rows: [{ label: "Chair", value: "€40.00" }, { label: "Oil", value: "€5.00" }], total: { label: "Total", value: "€45.00" } });
  expect([...place.querySelectorAll("tr")].map((row) => row.textContent)).toEqual(["Chair€40.00", "Oil€5.00", "Total€45.00"]);
  expect(place.querySelector("tfoot th")!.getAttribute("scope")).toBe("row");
});

test("a code is copied by a press, which is said", async () => {
  let copied = "";
  Object.defineProperty(navigator, "clipboard", { configurable: true, value: { writeText: async (text: string) => void (copied = text) } });
  const place = shown({ code: "SAVE-10" });
  place.querySelector("button")!.click();
  await new Promise((done) => setTimeout(done));
  expect([copied, place.querySelector("[role=status]")!.textContent]).toEqual(["SAVE-10", "Copied"]);
});

test("links lead to the web only", () => {
  const links = [{ label: "Download", url: "https://shop.example.org/x" }, { label: "Bad", url: "javascript:alert(1)" }];
  expect([...shown({ links }).querySelectorAll("a")].map((link) => link.getAttribute("href"))).toEqual(["https://shop.example.org/x"]);
});

test("words of the result are text, never markup", () => {
  const hostile = "<img src=x onerror=alert(1)>";
  const place = shown({ rows: [{ label: hostile, value: hostile }], code: hostile, note: hostile, links: [{ label: hostile, url: "https://example.org" }] });
  expect(place.querySelector("img")).toBeNull();
});

test("nothing more than a title and a text is nothing more to show", () => {
  expect(shown({ title: "Done", text: "Thanks." }).childElementCount).toBe(0);
});

// ---- after sending

const sent: FormState = { ...INITIAL, phase: "sent", asked: true, submission: "sub_1", message: "We've sent a link to alice@gmial.com." };
const view = (meant: string | null, mend = (_: string) => {}) =>
  doneView(words(en), { slug: "news", lang: "en", dir: "ltr" } as Descriptor, { typeCode() {}, resend() {}, edit() {}, meant: () => meant, mend });

test("a slip in the address is still pointed out once it was sent", () => {
  let mended = "";
  const done = view("alice@gmail.com", (address) => (mended = address));
  done.show(sent, true);
  const slip = done.element.querySelector<HTMLElement>(".suggestion")!;
  expect([slip.hidden, slip.textContent]).toEqual([false, "Did you mean alice@gmail.com?"]);
  slip.querySelector("button")!.click();
  expect(mended).toBe("alice@gmail.com");
});

test("what one gets takes the place of the question for the code", () => {
  const done = view(null);
  document.body.replaceChildren(done.element);
  done.show(sent, true);
  const parts = done.element.querySelector<HTMLElement>(".outcome")!;
  expect(parts.hidden).toBe(true);
  done.show({ ...sent, phase: "confirmed", result: { title: "Here it is", text: "", code: "SAVE-10" } }, true);
  expect([parts.hidden, parts.querySelector("code")!.textContent]).toEqual([false, "SAVE-10"]);
  expect(done.element.querySelector<HTMLElement>("form")!.hidden).toBe(true);
});
