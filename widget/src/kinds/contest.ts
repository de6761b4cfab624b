// What can be won and until when, and the way to the rules, before somebody enters. The hosted page says it by itself.
import { el } from "../dom";
import type { Descriptor } from "../protocol";

export interface ContestData {
  facts: { label: string; value: string }[];
  links: { label: string; url: string }[];
}

export function enhance(form: HTMLFormElement, descriptor: Descriptor): void | (() => void) {
  const place = form.querySelector("[data-lc=computed]");
  const data = descriptor.data as unknown as ContestData | null;
  if (!place || !data || form.querySelector("[data-lc=facts]")) return;
  const fact = ({ label, value }: { label: string; value: string }) =>
    el("div", { class: "row" }, el("dt", {}, label), el("dd", {}, el("bdi", {}, value)));
  const links = data.links
    .filter(({ url }) => /^https?:\/\//.test(url))
    .map(({ label, url }) => el("a", { href: url, target: "_blank", rel: "noopener" }, label));
  place.replaceChildren(
    el("dl", { class: "rows", "data-lc": "facts" }, ...data.facts.map(fact)),
    el("p", { class: "help" }, ...links.flatMap((link, number) => (number ? [" · ", link] : [link]))),
  );
  return () => place.replaceChildren();
}
