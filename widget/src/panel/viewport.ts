import { useLayoutEffect } from "preact/hooks";
import type { RefObject } from "preact";

/** Keeps a full-screen panel within what the on-screen keyboard leaves free, so that the composer stays above it. */
export function useKeyboardRoom(panel: RefObject<HTMLElement | null>, open: boolean): void {
  useLayoutEffect(() => {
    const viewport = window.visualViewport;
    const style = panel.current?.style;
    if (!open || !viewport || !style) return;
    const fit = () => {
      style.setProperty("--room", `${viewport.height}px`);
      style.setProperty("--top", `${viewport.offsetTop}px`);
    };
    fit();
    viewport.addEventListener("resize", fit);
    viewport.addEventListener("scroll", fit);
    return () => {
      viewport.removeEventListener("resize", fit);
      viewport.removeEventListener("scroll", fit);
    };
  }, [open]);
}
