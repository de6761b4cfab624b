// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from "vitest";
import { rowLists } from "./rows";

const row = (place: string, id = "", label = "") => `
  <li class="row" data-row><input type="hidden" name="goods-${place}-id" value="${id}">
    <div class="field"><label for="goods-${place}-label">Good</label>
      <input id="goods-${place}-label" name="goods-${place}-label" aria-describedby="goods-${place}-label-help goods-${place}-label-problem" value="${label}"></div>
    <button name="rows" value="up:goods:${place}" data-press="up"></button>
    <button name="rows" value="down:goods:${place}" data-press="down"></button>
    <button name="rows" value="remove:goods:${place}" data-press="remove"></button></li>`;

let form: HTMLFormElement;
let presses: number;

beforeEach(() => {
  document.body.innerHTML = `<form><fieldset data-rows="goods" data-most="3"><ol class="row-list">${row("0", "a", "Chair")}${row("1", "b", "goods-1-label")}</ol>
    <template>${row("__row__")}</template><button name="rows" value="add:goods" data-press="add"></button></fieldset></form>`;
  form = document.querySelector("form")!;
  presses = 0;
  rowLists(form, () => presses++);
});

const click = (value: string) => form.querySelector<HTMLButtonElement>(`button[value="${value}"]`)!.click();
const sent = () => [...new FormData(form).entries()].map(([name, value]) => `${name}=${value}`);

describe("a list of rows", () => {
  it("gets a row with the next number", () => {
    click("add:goods");
    expect(sent().slice(4)).toEqual(["goods-2-id=", "goods-2-label="]);
    expect(form.querySelector("[for=goods-2-label]")).not.toBeNull();
    expect(document.activeElement?.id).toBe("goods-2-label");
    expect(presses).toBe(1);
  });

  it("takes no more than there may be", () => {
    click("add:goods");
    expect(form.querySelector<HTMLButtonElement>("[data-press=add]")!.disabled).toBe(true);
    click("remove:goods:2");
    expect(form.querySelector<HTMLButtonElement>("[data-press=add]")!.disabled).toBe(false);
  });

  it("keeps the others, counted anew, when one goes", () => {
    click("remove:goods:0");
    expect(sent()).toEqual(["goods-0-id=b", "goods-0-label=goods-1-label"]);
    expect(form.querySelector("#goods-0-label")!.getAttribute("aria-describedby")).toBe("goods-0-label-help goods-0-label-problem");
    click("remove:goods:0");
    expect(sent()).toEqual([]);
    expect((document.activeElement as HTMLElement).dataset.press).toBe("add");
  });

  it("moves a row and whatever was typed in it", () => {
    form.querySelector<HTMLInputElement>("#goods-0-label")!.value = "Stool";
    click("down:goods:0");
    expect(sent()).toEqual(["goods-0-id=b", "goods-0-label=goods-1-label", "goods-1-id=a", "goods-1-label=Stool"]);
    click("up:goods:1");
    expect(sent()[1]).toBe("goods-0-label=Stool");
    click("up:goods:0");
    expect(sent()[1]).toBe("goods-0-label=Stool");
  });

  it("calls a folded row by its first line, and by its name beside that", () => {
    document.body.innerHTML = `<form><fieldset data-rows="inputs" data-titles="label name" data-mark="name"><ol class="row-list"><li data-row>
      <bdi class="row-title"></bdi> <code class="row-mark"></code><input name="inputs-0-name" value="width"><input name="inputs-0-label"></li></ol></fieldset></form>`;
    form = document.querySelector("form")!;
    rowLists(form, () => undefined);
    const label = form.querySelector<HTMLInputElement>("[name=inputs-0-label]")!;
    const called = (text: string) => {
      label.value = text;
      label.dispatchEvent(new Event("input", { bubbles: true }));
      return [".row-title", ".row-mark"].map((part) => form.querySelector(part)!.textContent);
    };
    expect(called("How wide?")).toEqual(["How wide?", "width"]);
    expect(called("")).toEqual(["width", ""]);
  });
});
