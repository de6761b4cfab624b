import { expect, test } from "vitest";
import type { ChatFile } from "../../protocol";
import { reduceUploads, type UploadEvent } from "./uploads";

const file = new File(["x"], "x.png");
const done = { id: "fil_1" } as ChatFile;
const after = (...events: UploadEvent[]) => events.reduce(reduceUploads, []);
const add: UploadEvent = { type: "add", key: "a", file };

test("a file goes up, and is ready once the service has it", () => {
  const [one] = after(add, { type: "progress", key: "a", percent: 40 });
  expect([one!.state, one!.percent]).toEqual(["uploading", 40]);
  const [ready] = after(add, { type: "ready", key: "a", done });
  expect([ready!.state, ready!.done]).toEqual(["ready", done]);
});

test("what failed begins anew, with nothing left of the failure", () => {
  const failed: UploadEvent = { type: "failed", key: "a", problem: "No.", again: true };
  expect(after(add, failed)[0]).toMatchObject({ state: "failed", problem: "No.", again: true });
  expect(after(add, failed, { type: "retry", key: "a" })).toEqual(after(add));
});

test("what is told of a file that was removed, or is ready, changes nothing", () => {
  expect(after(add, { type: "remove", key: "a" }, { type: "ready", key: "a", done })).toEqual([]);
  const ready = after(add, { type: "ready", key: "a", done });
  expect(reduceUploads(ready, { type: "failed", key: "a", problem: "No.", again: true })).toEqual(ready);
});
