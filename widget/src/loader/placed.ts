// Forms that show themselves: a page that has some asks for nothing more before the person does something, or the first
// delay is over.
import type { Bridge, PlacementModule } from "./bridge";

/** Watches for the first act; returns a function that ends all of it. */
export function placedForms(bridge: Bridge): () => void {
  const { base, placement, wait } = bridge.config;
  const over = new AbortController();
  const { signal } = over;
  let there: Promise<(() => void) | void> | undefined;
  const wake = () => {
    if (!signal.aborted) there ??= import(base + placement).then(({ mount }: PlacementModule) => mount(bridge)).catch(() => {});
  };
  if (placement) {
    for (const act of ["scroll", "pointermove", "pointerdown", "keydown"]) addEventListener(act, wake, { signal, once: true });
    if (wait! >= 0) setTimeout(wake, wait! * 1000);
  }
  return () => {
    over.abort();
    void there?.then((end) => end?.());
  };
}
