import { expect, test } from "vitest";
import type { OperatorHere, Summary } from "../protocol";
import { asked, colleagues, filled, fitting, gaps, insert, type Canned } from "./insert";

const summary = (name: string, email: string | null = null) =>
  ({ visitor: { name, email, page: "https://shop.example.org/a" }, site: { name: "Demo shop" } }) as Summary;
const reply = (shortcut: string, body: string): Canned => ({ id: shortcut, shortcut, body });

test.each([
  ["/", "", 0], ["/hel", "hel", 0], ["Hi /he", "he", 3], ["one\n/two", "two", 4],
])("a slash at the beginning of a word asks for canned replies: %j", (text, typed, from) => {
  expect(asked(text, text.length, "/@")).toEqual({ sign: "/", from, text: typed });
});

test.each(["and/or", "https://example.org/", "1/2", "/hel lo", "/a/b", "no sign", "alice@example.org", ""])("nothing is asked for by %j", (text) => {
  expect(asked(text, text.length, "/@")).toBeNull();
});

test("a name after @ may have a blank, in a note only", () => {
  expect(asked("Ask @bob sm", 11, "/@")).toEqual({ sign: "@", from: 4, text: "bob sm" });
  expect(asked("Ask @bob", 8, "/")).toBeNull();
  expect(asked("Ask @bo, then", 7, "@")).toEqual({ sign: "@", from: 4, text: "bo" });
});

test("replies are found by shortcut first, then by their text, whatever the accents", () => {
  const replies = [reply("bye", "Good bye, see you at the café"), reply("goodday", "Hello"), reply("verygood", "x"), reply("cafe", "y")];
  expect(fitting(replies, "good").map(({ id }) => id)).toEqual(["goodday", "verygood", "bye"]);
  expect(fitting(replies, "CAFÉ").map(({ id }) => id)).toEqual(["cafe", "bye"]);
  expect(fitting(replies, "").length).toBe(4);
  expect(fitting(replies, "nothing")).toEqual([]);
});

test("colleagues are found by any word of their name; oneself is not offered", () => {
  const people = ["Alice", "Bob Smith", "Erin"].map((name) => ({ id: name, name }) as OperatorHere);
  expect(colleagues(people, "Alice", "sm").map(({ id }) => id)).toEqual(["Bob Smith"]);
  expect(colleagues(people, "Alice", "").map(({ id }) => id)).toEqual(["Bob Smith", "Erin"]);
});

test("fields are filled; what is not known leaves a gap or the word that was given for it", () => {
  const body = "Hello {{visitor.name|there}}, {{ operator.name }} of {{site.name}} here. Is {{visitor.email}} right? {{visitor.name}}";
  expect(filled(body, summary("Erin", "erin@example.org"), "Alice")).toBe(
    "Hello Erin, Alice of Demo shop here. Is erin@example.org right? Erin",
  );
  const left = filled(body, summary(""), "Alice");
  expect(left).toBe("Hello there, Alice of Demo shop here. Is {{visitor.email}} right? {{visitor.name}}");
  expect(gaps(left).map(({ text }) => text)).toEqual(["{{visitor.email}}", "{{visitor.name}}"]);
  expect(filled("Hello {{visitor.name|}}!", summary(""), "Alice")).toBe("Hello !");
});

test("what a visitor calls themselves is text: it fills no field and marks nothing as one", () => {
  expect(filled("Hi {{visitor.name}}", summary("$& {{site.name}}"), "Alice")).toBe("Hi $& {{site.name}}");
});

test("an inserted reply stands in the place of what was typed, its first gap selected", () => {
  const text = "Hi! /he and so on";
  const at = asked(text, 7, "/")!;
  expect(insert(text, at, "Hello")).toEqual({ text: "Hi! Hello and so on", from: 9, to: 9 });
  const written = insert(text, at, "Dear {{visitor.name}}, yes");
  expect(written.text.slice(written.from, written.to)).toBe("{{visitor.name}}");
});
