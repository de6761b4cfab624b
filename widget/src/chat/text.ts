// Text of a message in parts: plain text, and links that are safe to press.

/** `text` is what stands there to be read: wherever it could mislead, it names the true host behind it. */
export interface Link {
  href: string;
  text: string;
}
export type Part = string | Link;

// Marks that turn the direction of text cannot be part of an address: they would show it otherwise than it is.
const ADDRESS = /\b(?:https?:\/\/|mailto:)[^\s<>"'`\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+|\b[\w.+-]{1,64}@(?:[a-z\d-]{1,63}\.){1,8}[a-z]{2,24}\b/gi;
const TRAILING = /[.,;:!?)\]}*،؛؟…]+$/;

/** Only web and e-mail addresses become links; a closing mark of the sentence around stays outside. */
export function parts(text: string): Part[] {
  const found: Part[] = [];
  let from = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const typed = trimmed(match[0]);
    const made = link(typed.includes(":") ? typed : `mailto:${typed}`, typed);
    if (!made) continue;
    if (match.index > from) found.push(text.slice(from, match.index));
    found.push(made);
    from = match.index + typed.length;
  }
  if (from < text.length) found.push(text.slice(from));
  return found;
}

/**
 * A link to that address, or null for what is neither http, https nor mailto.
 *
 * A label that looks like an address must begin with the host the browser will open; else that host is put behind it:
 * `https://shop.example@evil.example`, a name in letters that look like others (shown in its ASCII form, RFC 3492), or
 * a label that names another site.
 */
export function link(href: string, label = href): Link | null {
  let url: URL;
  try {
    url = new URL(href);
  } catch {
    return null;
  }
  const host = url.host || (url.protocol === "mailto:" ? url.pathname : "");
  if (!/^(https?|mailto):$/.test(url.protocol) || !host) return null;
  const claimed = label.replace(/^(https?:\/\/|mailto:)/i, "").toLowerCase();
  const honest =
    (label !== href && !/[\p{L}\p{N}]\.\p{L}{2}|@/u.test(label)) ||
    (claimed.startsWith(host.toLowerCase()) && /^([/?#:]|$)/.test(claimed.slice(host.length)));
  return { href, text: honest ? label : `${label} [${host}]` };
}

/** A bracket that was opened inside the address belongs to it. */
function trimmed(address: string): string {
  const end = TRAILING.exec(address)?.[0] ?? "";
  const kept = end.startsWith(")") && address.includes("(") ? ")" : "";
  return address.slice(0, address.length - end.length) + kept;
}
