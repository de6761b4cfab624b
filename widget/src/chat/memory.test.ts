// @vitest-environment happy-dom
import { afterEach, expect, test, vi } from "vitest";
import { memoryOf } from "./memory";

afterEach(() => {
  vi.restoreAllMocks();
  localStorage.clear();
});

test("what is written is there for the next page", () => {
  memoryOf("site_a").write({ token: "t" });
  expect(memoryOf("site_a").read()).toEqual({ token: "t", key: null, outbox: [], seen: null, rung: null, muted: false, rated: null });
  expect(memoryOf("site_b").read().token).toBeNull();
});

test("a tab in which nothing is open or half written keeps nothing", () => {
  const memory = memoryOf("site_a");
  memory.writeTab({ open: true, draft: "What I" });
  expect(memoryOf("site_a").readTab()).toEqual({ open: true, draft: "What I", forms: {} });
  memory.writeTab({ open: false });
  memory.writeTab({ draft: "" });
  expect(sessionStorage.length).toBe(0);
});

test("where storage is forbidden it works for this page", () => {
  vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
    throw new Error("forbidden");
  });
  const memory = memoryOf("site_a");
  memory.write({ token: "t" });
  expect(memory.read().token).toBe("t");
});

test("what somebody else left there does no harm", () => {
  localStorage.setItem("leadcapture:site_a", "not json");
  expect(memoryOf("site_a").read().token).toBeNull();
});
