// Text of a message in parts: plain text, and links that are safe to press.

export type Part = string | { href: string };

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`]+/gi;
const TRAILING = /[.,;:!?)\]}،؛؟…]+$/;

/** Only http and https addresses become links; a closing mark of the sentence around stays outside. */
export function parts(text: string): Part[] {
  const found: Part[] = [];
  let from = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const href = trimmed(match[0]);
    if (!isAddress(href)) continue;
    if (match.index > from) found.push(text.slice(from, match.index));
    found.push({ href });
    from = match.index + href.length;
  }
  if (from < text.length) found.push(text.slice(from));
  return found;
}

/** A bracket that was opened inside the address belongs to it. */
function trimmed(address: string): string {
  const end = TRAILING.exec(address)?.[0] ?? "";
  const kept = end.startsWith(")") && address.includes("(") ? ")" : "";
  return address.slice(0, address.length - end.length) + kept;
}

function isAddress(href: string): boolean {
  try {
    return !!new URL(href).hostname;
  } catch {
    return false;
  }
}
