// Which pages a pattern means. The rule is the server's (forms/placement.py, `matches`); shared vectors hold both to it.
// Patterns come in the form in which a browser writes addresses.

/** Whether a page (its path with its query) belongs to a pattern: `*` stands for anything, all else for itself. A
    pattern without a `?` is held against the path alone. */
export function matches(pattern: string, page: string): boolean {
  const subject = upperEscapes(pattern.includes("?") ? page : page.split("?")[0]!);
  const [first = "", ...middle] = pattern.split("*");
  const last = middle.pop();
  if (last === undefined) return subject === first;
  let at = first.length;
  const end = subject.length - last.length;
  if (at > end || !subject.startsWith(first) || !subject.endsWith(last)) return false;
  const inside = subject.slice(0, end);
  for (const piece of middle) {
    const found = inside.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return true;
}

const upperEscapes = (text: string): string => text.replace(/%[0-9a-f]{2}/gi, (escape) => escape.toUpperCase());
