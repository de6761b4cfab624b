// An invitation to the chat: a few words in a bubble beside the launcher. It takes no focus, covers nothing, and opens
// the chat only when it is clicked.
import { el, icon } from "../dom";
import { CLOSE } from "../icons";
import type { Placed } from "../protocol";
import type { Scene, View } from "./view";

/** Where words appear of themselves, screen readers are told politely: of a region that was there before them. */
export function liveRegion(): HTMLElement {
  return el("div", { role: "status" });
}

/** The bubble, not seen yet; `region` is a live region that is in the page already. */
export function invitationOf({ slug, text = "", name }: Placed, region: HTMLElement, scene: Scene): View {
  const { t, launcher } = scene;
  const words = el("button", { type: "button", class: "invitation-open", "data-lc": "placed-open" },
    name && el("strong", {}, name), el("span", { dir: "auto" }, text), el("span", { class: "away" }, t("launcher_open")));
  const cross = el("button", { type: "button", class: "placed-close", "data-lc": "placed-close", "aria-label": t("close") }, icon(CLOSE));
  const element = el("div", { class: "placed invitation", "data-lc": "placed", "data-where": "invitation", "data-slug": slug }, words, cross);
  words.addEventListener("click", scene.opened);
  cross.addEventListener("click", () => {
    const inside = element.contains((element.getRootNode() as ShadowRoot).activeElement);
    scene.closed();
    if (inside) launcher.focus();
  });
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing) return;
    event.stopPropagation();
    scene.closed();
    launcher.focus();
  });
  const show = () => {
    element.classList.toggle("alone", !!launcher.hidden);
    region.append(element);
  };
  return { show, hide: () => element.remove(), expand: () => {}, remove: () => element.remove() };
}
