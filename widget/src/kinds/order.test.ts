// @vitest-environment happy-dom
import { expect, test } from "vitest";
import type { Descriptor } from "../protocol";
import { bill, enhance, hundredths, money, wholeNumber, type OrderData } from "./order";

const data: OrderData = {
  currency: "EUR",
  goods: [
    { field: "good_a", label: "Honey", price: "0.10" },
    { field: "good_b", label: "Candle", price: "12.5" },
    { field: "good_c", label: "Hive", price: "999999999.99" },
  ],
  deliveries: { post: { label: "By post", price: "4.90" }, shop: { label: "Pick up", price: "0" } },
  minimum: "10.00",
  words: {
    title: "Your order so far", total: "Total", each: "%(line)s at %(price)s", empty: "Nothing yet.",
    undelivered: "Delivery is not chosen yet.", minimum: "We take orders from %(amount)s on.",
  },
};

test("amounts are exact to the cent", () => {
  expect(bill(data, { good_a: "3" }, "").total).toBe(30n);
  expect(bill(data, { good_a: "3", good_b: "2" }, "post").total).toBe(3020n);
  expect(bill(data, { good_c: "9999" }, "post").total).toBe(999899999990491n);
  expect(money(999899999990491n, "EUR", "en")).toBe("€9,998,999,999,904.91");
});

test("what is no whole number of things counts nothing", () => {
  for (const typed of ["", "0", "-1", "1.5", "1e3", "two", " ", "99999999"]) expect(wholeNumber(typed)).toBe(0);
  expect([wholeNumber(" 12 "), wholeNumber("١٢"), wholeNumber("۱۲")]).toEqual([12, 12, 12]);
  expect(bill(data, { good_a: "-5", good_b: "x" }, "post").lines).toEqual([]);
});

test("a delivery that the shop does not have costs nothing", () => {
  for (const chosen of ["", "teleport", "constructor", "__proto__"]) expect(bill(data, { good_b: "1" }, chosen).delivery).toBeNull();
});

test("decimals are read as hundredths", () => {
  expect([hundredths("12.50"), hundredths("12.5"), hundredths("12"), hundredths("0.05"), hundredths("0")]).toEqual([1250n, 1250n, 1200n, 5n, 0n]);
});

test("amounts are written in the manner of the language, with western digits", () => {
  expect(money(123450n, "EUR", "en")).toBe("€1,234.50");
  expect(money(123450n, "EUR", "ar")).toContain("1,234.50");
  expect(money(120000n, "JPY", "en")).toBe("¥1,200");
  expect(money(5n, "GBP", "en")).toBe("£0.05");
});

function painted(): { form: HTMLFormElement; place: HTMLElement; stop: () => void } {
  document.body.innerHTML = `<form><input name="good_a"><input name="good_b"><input name="good_c">
    <input type="radio" name="delivery" value="post"><input type="radio" name="delivery" value="shop"><div data-lc="computed"></div></form>`;
  const form = document.querySelector("form")!;
  const stop = enhance(form, { data, lang: "en" } as unknown as Descriptor) as () => void;
  return { form, place: form.querySelector<HTMLElement>("[data-lc=computed]")!, stop };
}

function type(form: HTMLFormElement, name: string, value: string): void {
  const input = form.querySelector<HTMLInputElement>(`[name=${name}]`)!;
  input.value = value;
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

test("every change shows lines, delivery and total", () => {
  const { form, place } = painted();
  expect(place.textContent).toBe("Nothing yet.");
  type(form, "good_b", "2");
  expect(place.querySelector("tbody")!.textContent).toBe("2 × Candle at €12.50€25.00");
  expect(place.textContent).toContain("Delivery is not chosen yet.");
  const post = form.querySelector<HTMLInputElement>("[value=post]")!;
  post.checked = true;
  post.dispatchEvent(new Event("change", { bubbles: true }));
  expect(place.querySelector("tfoot")!.textContent).toBe("Total€29.90");
  expect(place.textContent).not.toContain("Delivery is not chosen yet.");
  expect(place.querySelector("[role=status]")!.textContent).toContain("Total: €29.90");
});

test("below the smallest order it says so", () => {
  const { form, place } = painted();
  type(form, "good_a", "1");
  expect(place.textContent).toContain("We take orders from €10.00 on.");
});

test("stopped, it listens no more and leaves nothing behind", () => {
  const { form, place, stop } = painted();
  stop();
  type(form, "good_b", "2");
  expect(place.textContent).toBe("");
});

test("hostile labels stay words", () => {
  const hostile = { ...data, goods: [{ field: "good_a", label: "<img src=x onerror=alert(1)>", price: "1" }] };
  document.body.innerHTML = '<form><input name="good_a" value="1"><div data-lc="computed"></div></form>';
  const form = document.querySelector("form")!;
  enhance(form, { data: hostile, lang: "en" } as unknown as Descriptor);
  expect(form.querySelector("img")).toBeNull();
  expect(form.textContent).toContain("<img src=x");
});
