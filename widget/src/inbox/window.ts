// The part of a long list that is drawn: all rows are of one height, so a place in the list is a number of pixels.
export const OVER = 8; // rows drawn beyond each edge of what is seen
const ASKED = 9; // rows that say how far the list has moved

/** The rows from `first` to before `end` are drawn where that much of the list is seen. */
export function drawn(top: number, seen: number, height: number, total: number): { first: number; end: number } {
  const at = Math.min(Math.max(0, Math.floor(top / height)), Math.max(0, total - 1));
  const first = Math.max(0, at - OVER);
  return { first, end: Math.min(total, at + Math.ceil(seen / height) + OVER) };
}

/**
 * How many rows the list has moved under somebody who reads from row `at` on: what most of the next rows have moved by.
 * One that was called to another place went alone.
 */
export function moved<Row extends { id: string }>(before: readonly Row[], after: readonly Row[], at: number): number {
  if (before === after) return 0;
  const now = new Map(after.map(({ id }, index) => [id, index]));
  const shifts: number[] = [];
  for (let index = at; index < before.length && shifts.length < ASKED; index++) {
    const found = now.get(before[index]!.id);
    if (found !== undefined) shifts.push(found - index);
  }
  return shifts.sort((a, b) => a - b)[shifts.length >> 1] ?? 0;
}

/** Where the list must be scrolled to so that the row is seen; where it is, if it is seen already. */
export function revealing(index: number, top: number, seen: number, height: number): number {
  if (index * height < top) return index * height;
  return Math.max(top, (index + 1) * height - seen);
}
