// @vitest-environment happy-dom
import { afterEach, expect, test, vi } from "vitest";
import type { Descriptor } from "../protocol";
import { enhance, onVisitorsClock } from "./webinar";

const starts = "2026-12-01T09:00:00.000Z";
const plain = (text: string) => text.replace(/\s/g, " ");

afterEach(() => vi.restoreAllMocks());

test("a visitor elsewhere is told the time on the own clock", () => {
  expect(plain(onVisitorsClock(starts, "Europe/Budapest", "en", "America/New_York"))).toMatch(/Tuesday, December 1.* 4:00 AM/);
  expect(onVisitorsClock(starts, "Europe/Budapest", "ar", "America/New_York")).toMatch(/4:00/);
});

test("a visitor whose clock shows the same is told nothing, whatever the zone is called", () => {
  expect(onVisitorsClock(starts, "Europe/Budapest", "en", "Europe/Berlin")).toBe("");
  expect(onVisitorsClock("2026-03-15T09:00:00Z", "Europe/Berlin", "en", "Europe/London")).not.toBe("");
});

test("a zone that the browser does not know is no trouble", () => {
  expect(onVisitorsClock(starts, "Mars/Olympus", "en", "Europe/Berlin")).toBe("");
});

test("the line stands at its session and goes away again", () => {
  document.body.innerHTML =
    '<form><label><input type="radio" name="session" value="a&quot;b"><span>One</span></label><label><input type="radio" name="session" value="two"><span>Two</span></label></form>';
  const form = document.querySelector("form")!;
  const elsewhere = Intl.DateTimeFormat().resolvedOptions().timeZone === "Asia/Tokyo" ? "Europe/Berlin" : "Asia/Tokyo";
  const data = { sessions: [{ id: 'a"b', starts, timezone: elsewhere }, { id: "gone", starts, timezone: elsewhere }], yours: "On your clock: {time}" };
  const stop = enhance(form, { lang: "en", data } as unknown as Descriptor)!;
  expect(form.querySelectorAll("[data-lc=local-time]")).toHaveLength(1);
  expect(form.querySelector("label span")!.textContent).toMatch(/^OneOn your clock: /);
  stop();
  expect(form.querySelector("label span")!.textContent).toBe("One");
  expect(enhance(form, { lang: "en", data: null } as unknown as Descriptor)).toBeUndefined();
});
