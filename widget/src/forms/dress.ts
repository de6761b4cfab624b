// The style sheet that forms need once somebody uses them, put before the one that the loader brought along.
import { sheet } from "../dom";
import css from "./form.css";
import { matchingPage } from "./theme";

const sheets = new WeakMap<Node, CSSStyleSheet>();

/** Dresses the shadow root an element stands in, once. In the page it follows the page's colours, in the panel the visitor's. */
export function dress(element: HTMLElement): void {
  const root = element.getRootNode();
  if (!(root instanceof ShadowRoot) || !root.adoptedStyleSheets) return;
  const own = root.host.id === "leadcapture";
  const ours = sheets.get(root) ?? sheet(own ? css : matchingPage(css));
  sheets.set(root, ours);
  if (!root.adoptedStyleSheets.includes(ours)) root.adoptedStyleSheets = [ours, ...root.adoptedStyleSheets];
}
