import { describe, expect, it } from "vitest";
import strings from "../i18n/inbox.en.json";
import { words } from "../i18n/words";
import type { OperatorHere } from "../protocol";
import type { InboxWords } from "./context";
import { byThere, isThere, standing } from "./team";

const say: InboxWords = words(strings);
const person = (name: string, change: Partial<OperatorHere> = {}): OperatorHere => ({
  id: name, name, available: true, here: true, idle: false, load: 0, ...change,
});

describe("colleagues", () => {
  it("can be asked only while they are there, awake and want to be", () => {
    expect(isThere(person("Bob"))).toBe(true);
    for (const change of [{ here: false }, { idle: true }, { available: false }]) {
      expect(isThere(person("Bob", change))).toBe(false);
    }
  });

  it("come with those first who are there and have least to do", () => {
    const team = [person("Ann", { here: false }), person("Bob", { load: 3 }), person("Cid", { load: 1 }), person("Dan", { load: 1 })];
    expect(byThere(team).map(({ name }) => name)).toEqual(["Cid", "Dan", "Bob", "Ann"]);
  });

  it("are described in words", () => {
    expect(standing(person("Bob", { load: 2 }), say)).toBe("Available · Conversations now: 2");
    expect(standing(person("Bob", { idle: true }), say)).toBe("Away from the desk");
    expect(standing(person("Bob", { idle: true, available: false }), say)).toBe("Away");
  });
});
