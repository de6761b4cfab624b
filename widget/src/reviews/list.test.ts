// @vitest-environment happy-dom
import { afterEach, expect, test, vi } from "vitest";
import { list, type ReviewList } from "./list";

const HOSTILE = "<img src=x onerror=alert(1)></script>";
const words = {
  of: "{stars} of 5 stars", one: "from one review", many: "from {number} reviews", none: "Nobody yet.", answer: "Answer of Demo shop",
  more: "Show more", failed: "That did not work.", write: "Write a review", checked: "Checked.",
};
const review = { id: "rev_1", name: HOSTILE, stars: 4, about: "", text: HOSTILE, at: "2026-03-04T10:30:00.000Z", answer: { text: HOSTILE, at: null } };
const data: ReviewList = {
  slug: "review", title: "What people say", lang: "en", dir: "ltr", accent: "#0b6b5d", accentText: "#ffffff",
  rating: { average: "4.3", count: 3, lit: 4 }, reviews: [review], next: null, form: null, words, structured: {},
};

afterEach(() => vi.unstubAllGlobals());

test("the rating is said in words beside its stars", () => {
  const shown = list(data);
  expect(shown.querySelector(".sum [role=img]")!.getAttribute("aria-label")).toBe("4.3 of 5 stars");
  expect(shown.querySelectorAll(".sum .lit").length).toBe(4);
  expect(shown.textContent).toContain("from 3 reviews");
  expect(list({ ...data, rating: { ...data.rating, count: 1 } }).textContent).toContain("from one review");
});

test("hostile words stay words", () => {
  const shown = list({ ...data, title: HOSTILE });
  expect(shown.querySelector("img,script")).toBeNull();
  expect(shown.querySelector(".text")!.textContent).toBe(HOSTILE);
});

test("without a review it says so and shows no stars", () => {
  const shown = list({ ...data, rating: { average: "0", count: 0, lit: 0 }, reviews: [] });
  expect(shown.textContent).toContain("Nobody yet.");
  expect(shown.querySelector(".stars")).toBeNull();
});

test("the day is written in the language of the list", () => {
  expect(list(data).querySelector("time")!.textContent).toBe("March 4, 2026");
  expect(list({ ...data, lang: "ar" }).querySelector("time")!.textContent).toContain("مارس");
});

test("older ones are fetched until there are no more, and a failure says so", async () => {
  const answers = [
    () => Promise.reject(new Error("offline")),
    () => Promise.resolve(new Response(JSON.stringify({ ...data, reviews: [{ ...review, id: "rev_0" }], next: null }))),
  ];
  vi.stubGlobal("fetch", () => answers.shift()!());
  const shown = list({ ...data, next: "https://leads.example/reviews.json?before=rev_1" });
  document.body.replaceChildren(shown);
  const more = shown.querySelector<HTMLButtonElement>("[data-lc=more]")!;
  more.click();
  await vi.waitFor(() => expect(shown.querySelector("[role=alert]")!.textContent).toBe("That did not work."));
  more.click();
  await vi.waitFor(() => expect(shown.querySelectorAll("[data-lc=review]").length).toBe(2));
  expect(shown.querySelector("[data-lc=more]")).toBeNull();
  expect(shown.querySelector("[role=alert]")!.textContent).toBe("");
});
