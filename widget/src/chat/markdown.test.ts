import { expect, test } from "vitest";
import { blocks, type Block, type Span } from "./markdown";

const strong = (...spans: Span[]): Span => ({ kind: "strong", spans });
const em = (...spans: Span[]): Span => ({ kind: "em", spans });
const text = (...spans: Span[]): Block => ({ kind: "text", spans });

const INLINE: [string, Span[]][] = [
  ["plain words, 2*3*4 and snake_case_name", ["plain words, 2*3*4 and snake_case_name"]],
  ["a **bold** word", ["a ", strong("bold"), " word"]],
  ["an *italic* and an _italic_ word", ["an ", em("italic"), " and an ", em("italic"), " word"]],
  ["**bold with *italic* inside**", [strong("bold with ", em("italic"), " inside")]],
  ["** no bold ** and * no italic *", ["** no bold ** and * no italic *"]],
  ["`**code** stays`", [{ kind: "code", text: "**code** stays" }]],
  ["[our page](https://example.org/a)", [{ href: "https://example.org/a", text: "our page" }]],
  ["[example.org](https://evil.example/)", [{ href: "https://evil.example/", text: "example.org [evil.example]" }]],
  ["[press](javascript:alert(1))", ["[press](javascript:alert(1))"]],
  ["[press](data:text/html,x)", ["[press](data:text/html,x)"]],
  ["https://example.org/a_b_c*d*", [{ href: "https://example.org/a_b_c*d", text: "https://example.org/a_b_c*d" }, "*"]],
  ["**https://example.org/**", [strong({ href: "https://example.org/", text: "https://example.org/" })]],
  ["<b>x</b> & &lt;", ["<b>x</b> & &lt;"]],
  ["مرحبا **بك** هنا", ["مرحبا ", strong("بك"), " هنا"]],
];

test.each(INLINE)("%s", (source, spans) => {
  expect(blocks(source)).toEqual([text(...spans)]);
});

test("lists, numbers and code are blocks of their own; line breaks stay", () => {
  expect(blocks("Two ways:\nlike this\n\n- by **post**\n- here\n\n7. first\n8) second\n\n```js\nlet a = `**b**`;\n\n```\nDone")).toEqual([
    text("Two ways:\nlike this\n"),
    { kind: "list", start: null, items: [["by ", strong("post")], ["here"]] },
    { kind: "list", start: 7, items: [["first"], ["second"]] },
    { kind: "code", text: "let a = `**b**`;\n" },
    text("Done"),
  ]);
  expect(blocks("```\nnever closed")).toEqual([text("```\nnever closed")]);
  expect(blocks("- \n-x\n1.")).toEqual([text("- \n-x\n1.")]);
  expect(blocks("")).toEqual([]);
});

// A small seeded generator: a failing text can be made again.
function* anyText(count: number): Generator<string> {
  const pieces = ["**", "*", "_", "`", "```", "\n", "- ", "1. ", "[", "](", ")", " ", "https://example.org/a_(b)", "javascript:x", "ab", "ب", "é", "x@example.org", "😀", "<i>"];
  let seed = 7;
  const pick = (below: number) => {
    seed = (seed * 1664525 + 1013904223) % 4294967296;
    return Math.floor((seed / 4294967296) * below);
  };
  for (let made = 0; made < count; made++) yield Array.from({ length: 1 + pick(24) }, () => pieces[pick(pieces.length)]).join("");
}
const said = (spans: Span[]): string =>
  spans.map((one) => (typeof one === "string" ? one : "spans" in one ? said(one.spans) : "href" in one ? one.text + (one.text === one.href ? "" : one.href) : one.text)).join("");
const saidBy = (block: Block): string =>
  block.kind === "text" ? said(block.spans) : block.kind === "code" ? block.text : block.items.map(said).join("");
const links = (spans: Span[]): string[] =>
  spans.flatMap((one) => (typeof one === "string" ? [] : "href" in one ? [one.href] : "spans" in one ? links(one.spans) : []));

test("whatever is written, no letter is lost and no link leads anywhere but to web and e-mail addresses", () => {
  for (const source of anyText(800)) {
    const tree = blocks(source);
    const letters = (one: string) => new Set(one.match(/[\p{L}\p{Emoji_Presentation}]/gu));
    const told = letters(tree.map(saidBy).join("\n"));
    for (const letter of letters(source.replace(/^```\w*$/gm, ""))) expect(told.has(letter), JSON.stringify(source)).toBe(true);
    for (const block of tree) {
      const all = block.kind === "text" ? links(block.spans) : block.kind === "list" ? block.items.flatMap(links) : [];
      for (const href of all) expect(href).toMatch(/^(https?:\/\/|mailto:)/);
    }
  }
});

test("the longest and most tangled message is read in no time", () => {
  for (const piece of ["**", "*a", "_a ", "[a", "](", "`", "a@", "a.", "https://", "- ", "```\n", "**a *b "]) {
    const before = performance.now();
    blocks(piece.repeat(Math.ceil(4_000 / piece.length)));
    expect(performance.now() - before, piece).toBeLessThan(250);
  }
});
