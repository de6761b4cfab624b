// @vitest-environment happy-dom
import { expect, it } from "vitest";
import { conditions } from "./conditions";

it("shows what matters for the kind of answer of its own row alone", () => {
  document.body.innerHTML = `<form>
    <select name="fields-0-type"><option value="text" selected></option><option value="radio"></option></select>
    <div class="field" id="first"><textarea name="fields-0-options" data-when="type:radio select"></textarea></div>
    <select name="fields-1-type"><option value="text"></option><option value="radio" selected></option></select>
    <div class="field" id="second"><textarea name="fields-1-options" data-when="type:radio select"></textarea></div>
    <input type="checkbox" name="newsletter" value="y">
    <div class="field" id="third"><textarea name="newsletter_statement" data-when="newsletter:"></textarea></div>
  </form>`;
  const form = document.querySelector("form")!;
  conditions(form);
  const seen = () => ["first", "second", "third"].filter((id) => !document.getElementById(id)!.hidden);
  expect(seen()).toEqual(["second"]);
  form.querySelector<HTMLSelectElement>("[name=fields-0-type]")!.value = "radio";
  form.querySelector<HTMLInputElement>("[name=newsletter]")!.checked = true;
  form.dispatchEvent(new Event("input"));
  expect(seen()).toEqual(["first", "second", "third"]);
});

it("shows what matters as soon as one row asks for it, and keeps its value meanwhile", () => {
  document.body.innerHTML = `<form>
    <select name="fields-0-type"><option value="text" selected></option><option value="tel"></option></select>
    <div class="field" id="country"><select name="phone_region" data-when="fields-*-type:tel"><option value="GB" selected></option></select></div>
  </form>`;
  const form = document.querySelector("form")!;
  const look = conditions(form);
  const country = document.getElementById("country")!;
  expect([country.hidden, new FormData(form).get("phone_region")]).toEqual([true, "GB"]);
  form.insertAdjacentHTML("beforeend", `<select name="fields-1-type"><option value="tel" selected></option></select>`);
  look();
  expect(country.hidden).toBe(false);
});
