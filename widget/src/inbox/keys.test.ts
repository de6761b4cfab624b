// @vitest-environment happy-dom
import { beforeEach, expect, test } from "vitest";
import ar from "../i18n/inbox.ar.json";
import en from "../i18n/inbox.en.json";
import { ORDER } from "./filters";
import { GROUPS, reader, shownKey, singleKeys, type Command } from "./keys";

const ENTRIES = GROUPS.flatMap(({ entries }) => entries);
// Whoever adds a command names it here; the type holds this list whole.
const ALL: Record<Exclude<Command, `view:${string}`>, true> = {
  next: true, previous: true, down: true, up: true, choose: true, reply: true, email: true, note: true, canned: true, close: true,
  take: true, assign: true, tag: true, snooze: true, spam: true, release: true, search: true, help: true, escape: true,
};

const press = (key: string, more: KeyboardEventInit = {}, target: Element = document.body) => {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more });
  Object.defineProperty(event, "target", { value: target });
  return event;
};

beforeEach(() => {
  localStorage.clear();
  document.body.innerHTML = "<input><textarea></textarea><select></select><p contenteditable></p><a href=x></a><dialog open><b></b></dialog>";
});

test("every command stands on the page of keys, once, with its words in every language", () => {
  const wanted = [...Object.keys(ALL), ...ORDER.map((view) => `view:${view}`)];
  expect(ENTRIES.map(({ command }) => command).sort()).toEqual(wanted.sort());
  const keys = ENTRIES.flatMap((entry) => entry.keys);
  expect(new Set(keys).size).toBe(keys.length);
  for (const { words } of [...ENTRIES, ...GROUPS.map(({ title }) => ({ words: title }))]) {
    expect((en as Record<string, string>)[words], words).toBeTruthy();
    expect((ar as Record<string, string>)[words], words).toBeTruthy();
  }
  expect(keys.every((key) => shownKey(key).length > 0)).toBe(true);
});

test("each key that is shown does what is said of it", () => {
  for (const { command, keys } of ENTRIES) {
    for (const key of keys) {
      const read = reader();
      if (key.startsWith("mod+")) {
        expect(read(press(key.slice(4), { ctrlKey: true }))).toBe(command);
        expect(reader()(press(key.slice(4), { metaKey: true }))).toBe(command);
      } else {
        const parts = key.split(" ");
        expect(parts.map((part) => read(press(part))).at(-1), key).toBe(command);
      }
    }
  }
});

test("two keys belong together for a moment only", () => {
  let now = 0;
  const read = reader(() => now);
  expect(read(press("g"))).toBe(null);
  expect(read(press("m"))).toBe("view:mine");
  expect(read(press("m"))).toBe(null);
  read(press("g"));
  now += 2_000;
  expect(read(press("s"))).toBe("snooze");
});

test("typing, composing and the browser's own combinations are nobody's command", () => {
  const read = reader();
  for (const field of document.querySelectorAll("input, textarea, select, [contenteditable], b")) {
    expect(read(press("j", {}, field)), field.tagName).toBe(null);
    expect(read(press("?", {}, field)), field.tagName).toBe(null);
  }
  expect(read(press("Escape", {}, document.querySelector("textarea")!))).toBe("escape");
  expect(read(press("k", { ctrlKey: true }, document.querySelector("textarea")!))).toBe("search");
  for (const more of [{ ctrlKey: true }, { metaKey: true }, { altKey: true }, { isComposing: true }]) {
    for (const key of ["j", "r", "f", "t", "l", "s", "a", "n"]) expect(read(press(key, more)), key).toBe(null);
  }
  expect(read(press("j", {}, document.querySelector("a")!))).toBe("next");
  const handled = press("j");
  handled.preventDefault();
  expect(read(handled)).toBe(null);
});

test("letters count by their place where the keyboard writes other ones", () => {
  expect(reader()(press("ت", { code: "KeyJ" }))).toBe("next");
  expect(reader()(press("о", { code: "KeyJ", shiftKey: true }))).toBe("down");
});

test("single keys can be switched off; combinations and Escape stay", () => {
  singleKeys.set(false);
  const read = reader();
  expect(read(press("j"))).toBe(null);
  expect(read(press("k", { ctrlKey: true }))).toBe("search");
  expect(read(press("Escape"))).toBe("escape");
});
