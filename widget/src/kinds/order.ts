// The order while somebody fills it in: every change shows its lines and the total, with no request. What counts is
// what the server works out; amounts are whole hundredths here, so that both come to the same cent.
import { el } from "../dom";
import { outcomeParts } from "../forms/outcome";
import type { Descriptor } from "../protocol";

/** What the server says of the shop: prices as decimals ("12.50"), all words in the visitor's language. */
export interface OrderData {
  currency: string;
  goods: { field: string; label: string; price: string }[];
  deliveries: Record<string, { label: string; price: string }>;
  minimum: string;
  words: { title: string; total: string; each: string; empty: string; undelivered: string; minimum: string };
}

export interface Bill {
  lines: { label: string; quantity: number; price: bigint; amount: bigint }[];
  delivery: { label: string; amount: bigint } | null;
  goods: bigint;
  total: bigint;
}

/** What these quantities (by field) and this delivery come to, in hundredths. What is no whole number counts nothing. */
export function bill(data: OrderData, quantities: Record<string, string>, chosen: string): Bill {
  const lines = data.goods.flatMap(({ field, label, price }) => {
    const quantity = wholeNumber(quantities[field] ?? "");
    return quantity > 0 ? [{ label, quantity, price: hundredths(price), amount: hundredths(price) * BigInt(quantity) }] : [];
  });
  const row = Object.hasOwn(data.deliveries, chosen) ? data.deliveries[chosen]! : null;
  const delivery = row && { label: row.label, amount: hundredths(row.price) };
  const goods = lines.reduce((sum, { amount }) => sum + amount, 0n);
  return { lines, delivery, goods, total: goods + (delivery?.amount ?? 0n) };
}

/** "12.5" as 1250: exact, which a floating point number is not. */
export function hundredths(decimal: string): bigint {
  const [whole, part = ""] = decimal.split(".");
  return BigInt(whole + part.padEnd(2, "0").slice(0, 2));
}

/** What is typed as a quantity, in the digits of whatever keyboard; 0 for what is none. */
export function wholeNumber(typed: string): number {
  const western = typed.trim().replace(/[\u0660-\u0669\u06f0-\u06f9]/g, (digit) => String(digit.charCodeAt(0) & 15));
  return /^\d{1,5}$/.test(western) ? Number(western) : 0;
}

/** An amount in the manner of the visitor's language, with western digits as in the mail. */
export function money(amount: bigint, currency: string, lang: string): string {
  const text = String(amount).padStart(3, "0");
  // As text, for a number would not hold every cent of a very large amount.
  const exact = `${text.slice(0, -2)}.${text.slice(-2)}` as `${number}`;
  return new Intl.NumberFormat(`${lang}-u-nu-latn`, { style: "currency", currency }).format(exact);
}

/** Shows lines and total under the form's fields and keeps them true. */
export function enhance(form: HTMLFormElement, descriptor: Descriptor): (() => void) | void {
  const place = form.querySelector<HTMLElement>("[data-lc=computed]");
  const data = descriptor.data as unknown as OrderData | null;
  if (!place || !data?.goods.length) return;
  const { words } = data;
  const said = (amount: bigint) => money(amount, data.currency, descriptor.lang);
  place.setAttribute("role", "group");
  place.setAttribute("aria-label", words.title);
  // Read out once it rests, as one sentence; the table beside it is for eyes.
  const spoken = el("p", { class: "away trap", role: "status" });
  const shown = el("div", {});
  place.replaceChildren(shown, spoken);

  function show(): void {
    const sent = new FormData(form);
    const quantities = Object.fromEntries(data!.goods.map(({ field }) => [field, String(sent.get(field) ?? "")]));
    const { lines, delivery, goods, total } = bill(data!, quantities, String(sent.get("delivery") ?? ""));
    if (!lines.length) {
      shown.replaceChildren(el("p", { class: "help" }, words.empty));
      spoken.textContent = "";
      return;
    }
    const rows = lines.map(({ label, quantity, price, amount }) => {
      const line = `${quantity} × ${label}`;
      // Functions, for in a text to put in `$&` would mean something.
      const each = words.each.replace("%(price)s", () => said(price)).replace("%(line)s", () => line);
      return { label: quantity > 1 ? each : line, value: said(amount) };
    });
    if (delivery) rows.push({ label: delivery.label, value: said(delivery.amount) });
    const least = hundredths(data!.minimum);
    const open = !delivery && Object.keys(data!.deliveries).length > 0;
    const note = goods < least ? words.minimum.replace("%(amount)s", said(least)) : open ? words.undelivered : "";
    const sum = { label: words.total, value: said(total) };
    shown.replaceChildren(...outcomeParts({ rows, total: sum, note }, { copy: "", copied: "" }));
    const sentence = `${sum.label}: ${sum.value}. ${note}`;
    if (spoken.textContent !== sentence) spoken.textContent = sentence;
  }

  form.addEventListener("input", show);
  form.addEventListener("change", show);
  show();
  return () => {
    form.removeEventListener("input", show);
    form.removeEventListener("change", show);
    place.replaceChildren();
  };
}
