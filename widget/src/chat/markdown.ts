// The small Markdown of operators as a tree: bold, italic, code, links, lists. What is no mark stays the text it is; no
// HTML is ever made of it.
import { link, parts, type Link } from "./text";

export type Span = string | Link | { kind: "strong" | "em"; spans: Span[] } | { kind: "code"; text: string };
export type Block =
  /** Lines with their breaks. */
  | { kind: "text"; spans: Span[] }
  | { kind: "code"; text: string }
  /** `start` is the first number of an ordered list, null where there are bullets. */
  | { kind: "list"; start: number | null; items: Span[][] };

const FENCE = /^```\w*$/;
const ITEM = /^ {0,3}(?:[-*•]|(\d{1,3})[.)])\s+(\S.*)$/;

/** The blocks of a text, top to bottom. */
export function blocks(text: string): Block[] {
  const found: Block[] = [];
  const rows = text.split("\n");
  let plain: string[] = [];
  const endPlain = () => {
    const joined = plain.join("\n");
    // A blank line beside a list or code says nothing: the blocks stand apart by themselves.
    if (joined.trim()) found.push({ kind: "text", spans: spans(found.length ? joined.replace(/^\n+/, "") : joined) });
    plain = [];
  };
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at]!;
    const end = FENCE.test(row) ? rows.indexOf("```", at + 1) : -1;
    const item = ITEM.exec(row);
    if (end > 0) {
      endPlain();
      found.push({ kind: "code", text: rows.slice(at + 1, end).join("\n") });
      at = end;
    } else if (item) {
      endPlain();
      const start = item[1] ? Number(item[1]) : null;
      const list = found[found.length - 1];
      const goesOn = list?.kind === "list" && (list.start === null) === (start === null) && ITEM.test(rows[at - 1] ?? "");
      if (goesOn) list.items.push(spans(item[2]!));
      else found.push({ kind: "list", start, items: [spans(item[2]!)] });
    } else {
      plain.push(row);
    }
  }
  endPlain();
  return found;
}

// Addresses come first: the marks inside one are part of it. A mark opens before a letter and closes after one, and an
// underscore or star between letters or digits (snake_case, 2*3*4) is none.
const MARK =
  /(?<bare>\b(?:https?:\/\/|mailto:)\S+)|`(?<code>[^`\n]+)`|\[(?<label>[^[\]\n]{1,200})\]\((?<href>[^\s()]{1,2000})\)|\*\*(?<strong>(?=\S)(?:(?!\*\*)[^\n])*(?<=\S))\*\*|(?<![\p{L}\p{N}*])\*(?<em>(?=[^\s*])[^*\n]*(?<=\S))\*(?![\p{L}\p{N}*])|(?<![\p{L}\p{N}_])_(?<em2>(?=[^\s_])[^_\n]*(?<=\S))_(?![\p{L}\p{N}_])/gu;

function spans(text: string): Span[] {
  const found: Span[] = [];
  let from = 0;
  for (const match of text.matchAll(MARK)) {
    const { code, label, href, strong, em = match.groups!.em2 } = match.groups!;
    let made: Span | null = null;
    if (code) made = { kind: "code", text: code };
    else if (label) made = link(href!, label);
    else if (strong) made = { kind: "strong", spans: spans(strong) };
    else if (em) made = { kind: "em", spans: spans(em) };
    if (!made) continue;
    found.push(...parts(text.slice(from, match.index)), made);
    from = match.index + match[0].length;
  }
  found.push(...parts(text.slice(from)));
  return found;
}
