// What opens under a button of the bar and closes by itself: with Escape, and when the focus goes elsewhere.
import type { RefObject, TargetedFocusEvent, TargetedKeyboardEvent } from "preact";
import { useRef } from "preact/hooks";

interface Menu {
  /** Close it; with `true` the focus goes back to its button. */
  leave: (back?: boolean) => void;
  /** What its <details> is given. */
  props: {
    ref: RefObject<HTMLDetailsElement | null>;
    onKeyDown: (event: TargetedKeyboardEvent<HTMLDetailsElement>) => void;
    onFocusOut: (event: TargetedFocusEvent<HTMLDetailsElement>) => void;
  };
}

/** With `stays` it is left open where the focus goes to nothing: what was pressed in it is gone (a button becomes a field). */
export function useMenu(stays = false): Menu {
  const ref = useRef<HTMLDetailsElement>(null);
  const leave = (back = false) => {
    if (!ref.current) return;
    ref.current.open = false;
    if (back) ref.current.querySelector("summary")?.focus();
  };
  return {
    leave,
    props: {
      ref,
      onKeyDown: (event) => {
        if (event.key !== "Escape" || !ref.current?.open) return;
        event.preventDefault();
        leave(true);
      },
      onFocusOut: ({ relatedTarget }) => {
        if (stays && !relatedTarget) return;
        if (!ref.current?.contains(relatedTarget as Node | null)) leave();
      },
    },
  };
}
