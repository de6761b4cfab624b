// @vitest-environment happy-dom
import { expect, test } from "vitest";
import type { Descriptor } from "../protocol";
import { enhance, type ContestData } from "./contest";

const data: ContestData = {
  facts: [{ label: "Closes", value: "December 24" }, { label: "Prizes", value: "<b>A chair</b>" }],
  links: [{ label: "Rules", url: "https://shop.example.org/rules" }, { label: "Odd", url: "javascript:alert(1)" }],
};

const descriptor = (given: ContestData | null): Descriptor => ({ data: given }) as unknown as Descriptor;

function painted(more = ""): HTMLFormElement {
  document.body.innerHTML = `<form>${more}<div data-lc="computed"></div></form>`;
  return document.querySelector("form")!;
}

test("prizes, closing and rules stand in the form, as text", () => {
  const form = painted();
  const stop = enhance(form, descriptor(data));
  expect(form.textContent).toContain("December 24");
  expect(form.textContent).toContain("<b>A chair</b>");
  expect([...form.querySelectorAll("a")].map((link) => link.href)).toEqual(["https://shop.example.org/rules"]);
  (stop as () => void)();
  expect(form.querySelector("[data-lc=computed]")!.childNodes).toHaveLength(0);
});

test("a page that says it already is left alone", () => {
  const form = painted('<dl data-lc="facts"></dl>');
  expect(enhance(form, descriptor(data))).toBeUndefined();
  expect(form.querySelectorAll("a")).toHaveLength(0);
  expect(enhance(painted(), descriptor(null))).toBeUndefined();
});
