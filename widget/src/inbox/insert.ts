// What is offered while one writes, as pure decisions: canned replies after "/", colleagues after "@", and how the fields
// of a canned reply are filled. The service refuses the same unknown fields when a reply is saved (chat/canned.py).
import type { OperatorHere, Summary } from "../protocol";

export interface Canned {
  id: string;
  shortcut: string;
  body: string;
}

/** What is being typed before the caret that asks for a list: where it begins, and what it says so far. */
export interface Asked {
  sign: "/" | "@";
  from: number;
  text: string;
}

const FIELD = /\{\{\s*(visitor\.name|visitor\.email|visitor\.page|operator\.name|site\.name)\s*(?:\|([^{}]*))?\}\}/g;
const MOST = 8; // shown at once

/** What the text before the caret asks for: a sign at the beginning of a word, and no blank after it (a name may have one). */
export function asked(text: string, caret: number, signs: string): Asked | null {
  const before = text.slice(0, caret);
  const match = /(?:^|\s)([/@])([^\s/@]*(?: [^\s/@]*)?)$/u.exec(before);
  if (!match || !signs.includes(match[1]!)) return null;
  const sign = match[1] as Asked["sign"];
  if (sign === "/" && match[2]!.includes(" ")) return null;
  return { sign, from: caret - match[2]!.length - 1, text: match[2]! };
}

/** The replies that fit, best first: by the beginning of the shortcut, within it, then by their text. */
export function fitting(replies: readonly Canned[], text: string): Canned[] {
  const wanted = folded(text);
  const rank = ({ shortcut, body }: Canned) => {
    const place = folded(shortcut).indexOf(wanted);
    if (place >= 0) return place === 0 ? 0 : 1;
    return folded(body).includes(wanted) ? 2 : 3;
  };
  return replies
    .map((reply) => ({ reply, at: rank(reply) }))
    .filter(({ at }) => at < 3)
    .sort((a, b) => a.at - b.at || (a.reply.shortcut < b.reply.shortcut ? -1 : 1))
    .slice(0, MOST)
    .map(({ reply }) => reply);
}

/** The colleagues whose name, or a word of it, begins so. */
export function colleagues(operators: readonly OperatorHere[], me: string, text: string): OperatorHere[] {
  const wanted = folded(text);
  return operators
    .filter(({ id, name }) => id !== me && (folded(name).startsWith(wanted) || folded(name).split(" ").some((word) => word.startsWith(wanted))))
    .slice(0, MOST);
}

const folded = (text: string) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

export interface Written {
  text: string;
  /** What is to be selected then: the first gap, or the place behind what was inserted. */
  from: number;
  to: number;
}

/** The text with `inserted` in place of what was asked by. */
export function insert(text: string, { from, text: typed }: Asked, inserted: string): Written {
  const rest = text.slice(from + 1 + typed.length);
  const whole = text.slice(0, from) + inserted + rest;
  const gap = gaps(inserted)[0];
  const end = from + inserted.length;
  return gap ? { text: whole, from: from + gap.from, to: from + gap.to } : { text: whole, from: end, to: end };
}

/** A canned reply with its fields filled. One whose value is not known, and that brings no other word, stays as a gap. */
export function filled(body: string, summary: Summary, operator: string): string {
  const values: Record<string, string | null> = {
    "visitor.name": summary.visitor.name,
    "visitor.email": summary.visitor.email,
    "visitor.page": summary.visitor.page,
    "operator.name": operator,
    "site.name": summary.site.name,
  };
  return body.replace(FIELD, (whole, name: string, fallback: string | undefined) => values[name] || fallback?.trim() || (fallback === undefined ? whole : ""));
}

/** The gaps that are left in a text: it must not be sent with one. */
export function gaps(text: string): { from: number; to: number; text: string }[] {
  return [...text.matchAll(FIELD)].map((match) => ({ from: match.index, to: match.index + match[0].length, text: match[0] }));
}
