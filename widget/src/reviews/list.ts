// The list itself: the rating, the reviews with their answers, and the older ones when they are asked for.
import { el } from "../dom";

export interface Review {
  id: string;
  name: string;
  stars: number;
  about: string;
  text: string;
  at: string;
  answer: { text: string; at: string | null } | null;
}

/** What the server answers as reviews.json, and puts into reviews.js. */
export interface ReviewList {
  slug: string;
  title: string;
  lang: string;
  dir: "ltr" | "rtl";
  accent: string;
  accentText: string;
  rating: { average: string; count: number; lit: number };
  reviews: Review[];
  next: string | null;
  form: string | null;
  words: Record<"of" | "one" | "many" | "none" | "answer" | "more" | "failed" | "write" | "checked", string>;
  structured: unknown;
}

const STAR = "m10 1.8 2.5 5.3 5.7.8-4.1 4.1 1 5.8-5.1-2.8-5.1 2.8 1-5.8L1.8 7.9l5.7-.8Z";

/** The list as an element that works by itself. */
export function list(data: ReviewList): HTMLElement {
  const { words, rating, lang, dir } = data;
  const shown = el("ol", { class: "list" }, ...data.reviews.map((one) => review(one, data)));
  const more = data.next ? el("button", { type: "button", class: "button quiet", "data-lc": "more" }, words.more) : null;
  const problem = el("p", { class: "problem", role: "alert" });
  if (more) showOlder(more, shown, problem, data);
  return el(
    "section",
    { class: "reviews", "data-lc": "reviews", lang, dir, "aria-label": data.title },
    el("h2", { class: "title", dir: "auto" }, data.title),
    rating.count ? summary(data) : el("p", { class: "from" }, words.none),
    rating.count ? shown : null,
    problem,
    el("p", { class: "acts" }, more, data.form && el("a", { class: "button", href: data.form, target: "_blank", rel: "noopener" }, words.write)),
    rating.count ? el("p", { class: "checked" }, words.checked) : null,
  );
}

function summary({ rating, words }: ReviewList): HTMLElement {
  const from = rating.count === 1 ? words.one : words.many.replace("{number}", String(rating.count));
  return el(
    "div",
    { class: "sum" },
    el("p", { class: "average" }, el("span", { class: "number" }, rating.average), stars(rating.lit, words.of.replace("{stars}", rating.average))),
    el("p", { class: "from" }, from),
  );
}

function review({ name, stars: given, about, text, at, answer }: Review, { words, lang }: ReviewList): HTMLElement {
  const day = new Intl.DateTimeFormat(`${lang}-u-nu-latn`, { dateStyle: "long", timeZone: "UTC" }).format(new Date(at));
  return el(
    "li",
    { class: "review", "data-lc": "review" },
    el("div", { class: "head" },
      el("span", { class: "name" }, el("bdi", {}, name)),
      stars(given, words.of.replace("{stars}", String(given))),
      el("time", { datetime: at }, day)),
    about && el("p", { class: "about", dir: "auto" }, about),
    el("p", { class: "text", dir: "auto" }, text),
    answer && el("div", { class: "answer" },
      el("p", { class: "by" }, el("bdi", {}, words.answer)),
      el("p", { class: "text", dir: "auto" }, answer.text)),
  );
}

function stars(lit: number, words: string): HTMLElement {
  const drawn = [1, 2, 3, 4, 5].map((place) => {
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    svg.setAttribute("viewBox", "0 0 20 20");
    svg.setAttribute("aria-hidden", "true");
    if (place <= lit) svg.setAttribute("class", "lit");
    const path = document.createElementNS(space, "path");
    path.setAttribute("d", STAR);
    svg.append(path);
    return svg;
  });
  return el("span", { class: "stars", role: "img", "aria-label": words }, ...drawn);
}

/** Has the button fetch the next page and put it under what is there, until there is no more. */
function showOlder(button: HTMLButtonElement, shown: HTMLElement, problem: HTMLElement, data: ReviewList): void {
  let next = data.next;
  button.addEventListener("click", async () => {
    if (!next || button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    problem.textContent = "";
    try {
      const answer = await fetch(next, { credentials: "omit" });
      if (!answer.ok) throw new Error(String(answer.status));
      const older = (await answer.json()) as ReviewList;
      const fresh = older.reviews.map((one) => review(one, data));
      shown.append(...fresh);
      next = older.next;
      // Whoever goes on by keyboard goes on where the new ones begin.
      fresh[0]?.setAttribute("tabindex", "-1");
      fresh[0]?.focus();
      if (!next) button.remove();
    } catch {
      problem.textContent = data.words.failed;
    }
    button.setAttribute("aria-disabled", "false");
  });
}
