// What a person does on the page, as far as forms that show themselves want to know.

/** A quick scroll back up by touch: so many pixels within so many milliseconds. */
const BACK_PX = 500;
const BACK_MS = 400;

export interface Signals {
  /** How far down the page is scrolled, in percent of what there is to scroll; 100 is its end. */
  scrolled(depth: number): void;
  /** A guess that the person is about to go: the mouse left through the top, or a finger scrolled back up quickly. */
  leaving(): void;
}

/** Watches the page; returns a function that ends this. */
export function watch({ scrolled, leaving }: Signals): () => void {
  const over = new AbortController();
  const options = { signal: over.signal, passive: true };
  const byTouch = matchMedia("(pointer: coarse)").matches;
  let places: Place[] = [];

  addEventListener("scroll", () => {
    const room = document.documentElement.scrollHeight - innerHeight;
    if (room > 0) scrolled(Math.min(100, (scrollY / room) * 100));
    places = [...places, { y: scrollY, at: performance.now() }].slice(-60);
    if (byTouch && isBack(places)) {
      places = [];
      leaving();
    }
  }, options);
  document.addEventListener("mouseout", ({ relatedTarget, clientY }) => {
    if (!relatedTarget && clientY <= 0) leaving();
  }, options);
  return () => over.abort();
}

export interface Place {
  y: number;
  /** Milliseconds. */
  at: number;
}

/** Whether the last of these places, oldest first, was reached by a quick scroll up. */
export function isBack(places: readonly Place[]): boolean {
  const last = places.at(-1);
  return !!last && places.some(({ y, at }) => last.at - at <= BACK_MS && y - last.y >= BACK_PX);
}
