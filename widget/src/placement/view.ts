// How a form looks that shows itself: a pop-up in the middle, a card in the corner, or a bar along the bottom. All are
// laid over the page; none moves its content.
import { el, icon } from "../dom";
import type { Words } from "../i18n/words";
import { CLOSE } from "../icons";
import type { Descriptor, Placed } from "../protocol";

/** From this width on a short form stands in its bar. */
const WIDE = "(min-width: 1100px)";

export interface Scene {
  /** Where everything is drawn, in the launcher's shadow root. */
  place: HTMLElement;
  launcher: HTMLElement;
  t: Words;
  /** The person closed it. */
  closed(): void;
  /** The person opened the form out of its bar. */
  opened(): void;
  /** Whether the person has typed anything. */
  touched(): boolean;
}

export interface View {
  show(): void;
  hide(): void;
  /** Takes a form out of its bar, which is too small for what comes next; a form elsewhere stays where it is. */
  expand(): void;
  remove(): void;
}

interface Shell {
  element: HTMLElement;
  show(): void;
  hide(): void;
}

/** The form dressed for its place, not seen yet. */
export function viewOf({ where, slug }: Placed, descriptor: Descriptor, form: HTMLElement, scene: Scene): View {
  const { place, t } = scene;
  const content = el("div", { class: "placed-content" }, form);
  const about = { "data-lc": "placed", "data-slug": slug, "aria-label": descriptor.title, tabindex: -1 };
  const cross = () => {
    const button = el("button", { type: "button", class: "placed-close", "data-lc": "placed-close", "aria-label": t("close") }, icon(CLOSE));
    button.addEventListener("click", scene.closed);
    return button;
  };

  const shells: Record<"popup" | "slide" | "bar", () => Shell> = {
    popup: () => popup(el("dialog", { ...about, "data-where": "popup", class: "placed popup" }, cross(), content), scene),
    slide: () => card(el("section", { ...about, "data-where": "slide", class: "placed slide", role: "dialog", hidden: true }, cross(), content), scene),
    bar() {
      const short = isShort(descriptor) && matchMedia(WIDE).matches;
      const open = el("button", { type: "button", class: "button", "data-lc": "placed-open" }, descriptor.button);
      open.addEventListener("click", () => {
        scene.opened();
        expand();
      });
      const inside = short ? [content] : [el("p", { class: "bar-title" }, descriptor.title), open];
      return bar(el("section", { ...about, "data-where": "bar", class: "placed bar", role: "region", hidden: true }, ...inside, cross()), scene);
    },
  };

  function put(shell: Shell): Shell {
    place.append(shell.element);
    return shell;
  }

  function expand(): void {
    if (shell.element.dataset.where !== "bar") return;
    shell.hide();
    shell.element.remove();
    shell = put(shells.slide());
    shell.show();
    const field = content.querySelector<HTMLElement>("[data-lc=done] .title, .input");
    (field && matchMedia("(pointer: fine)").matches ? field : shell.element).focus();
  }

  let shell = put(shells[where as keyof typeof shells]());
  return {
    show: () => shell.show(),
    hide: () => shell.hide(),
    expand,
    remove() {
      shell.hide();
      shell.element.remove();
    },
  };
}

/** Just an address and what one agrees to: fits into one line. */
const isShort = ({ fields, consents, notice, rich }: Descriptor): boolean => {
  const [first, ...others] = fields.filter(({ type }) => type !== "hidden");
  return !rich && !notice && first?.type === "email" && others.length === 0 && consents.length <= 1;
};

// The browser's own dialog holds the focus inside, closes on Escape and gives the focus back.
function popup(dialog: HTMLDialogElement, scene: Scene): Shell {
  dialog.addEventListener("close", () => !dialog.hidden && scene.closed());
  dialog.addEventListener("pointerdown", (event) => {
    if (event.target === dialog && !scene.touched() && isOutside(dialog, event)) scene.closed();
  });
  const keyboard = aboveKeyboard(dialog);
  return {
    element: dialog,
    show() {
      keyboard.watch();
      dialog.hidden = false;
      dialog.showModal();
      dialog.focus();
    },
    hide() {
      dialog.hidden = true;
      dialog.close();
      keyboard.end();
    },
  };
}

function isOutside(element: HTMLElement, { clientX: x, clientY: y }: PointerEvent): boolean {
  const { left, right, top, bottom } = element.getBoundingClientRect();
  return x < left || x > right || y < top || y > bottom;
}

function card(element: HTMLElement, scene: Scene): Shell {
  let before: HTMLElement | null = null;
  element.addEventListener("focusin", ({ relatedTarget }) => {
    if (relatedTarget instanceof HTMLElement && !element.contains(relatedTarget)) before = relatedTarget;
  });
  closesOnEscape(element, scene);
  const keyboard = aboveKeyboard(element);
  return {
    element,
    show() {
      keyboard.watch();
      element.classList.toggle("alone", !!scene.launcher.hidden);
      element.hidden = false;
    },
    hide() {
      const inside = element.contains((element.getRootNode() as ShadowRoot).activeElement);
      element.hidden = true;
      keyboard.end();
      if (inside) before?.focus();
    },
  };
}

function bar(element: HTMLElement, scene: Scene): Shell {
  const { launcher } = scene;
  // The launcher stands on the bar.
  const lift = () => (launcher.style.marginBlockEnd = element.hidden ? "" : `${element.offsetHeight}px`);
  const resized = new ResizeObserver(lift);
  closesOnEscape(element, scene);
  return {
    element,
    show() {
      element.hidden = false;
      lift();
      resized.observe(element);
    },
    hide() {
      element.hidden = true;
      resized.disconnect();
      lift();
    },
  };
}

function closesOnEscape(element: HTMLElement, scene: Scene): void {
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing) return;
    event.stopPropagation();
    scene.closed();
  });
}

/** Keeps what stands at the bottom of a phone's screen above the on-screen keyboard. */
function aboveKeyboard(element: HTMLElement): { watch(): void; end(): void } {
  const viewport = window.visualViewport;
  const fit = () => {
    if (!viewport) return;
    const hidden = Math.max(0, innerHeight - viewport.height - viewport.offsetTop);
    element.style.setProperty("--keyboard", `${hidden}px`);
    element.style.setProperty("--room", `${viewport.height}px`);
  };
  return {
    watch() {
      fit();
      viewport?.addEventListener("resize", fit);
    },
    end: () => viewport?.removeEventListener("resize", fit),
  };
}
