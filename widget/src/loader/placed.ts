// Forms that show themselves: a page that has some asks for nothing more before the person does something, or the first
// delay is over.
import type { Bridge, PlacementModule } from "./bridge";

/** Watches for the first act; returns a function that ends all of it. */
export function placedForms(bridge: Bridge): () => void {
  const { base, placement, wait } = bridge.config;
  let there: Promise<(() => void) | void> | undefined;
  const wake = () => void (there ??= import(base + placement).then(({ mount }: PlacementModule) => mount(bridge)).catch(() => {}));
  if (placement) {
    for (const act of ["scroll", "pointermove", "pointerdown", "keydown"]) addEventListener(act, wake, { once: true });
    if (wait! >= 0) setTimeout(wake, wait! * 1000);
  }
  // What has not begun never does.
  return () => void (there ??= Promise.resolve()).then((end) => end?.());
}
