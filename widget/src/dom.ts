// Making elements without innerHTML, so that nothing typed by anybody can become markup and pages that
// enforce Trusted Types stay content.

type Attributes = Record<string, string | number | boolean | null | undefined>;

/** An element; attributes that are null, undefined or false are left out, true stands without a value. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string | null | undefined)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const name in attributes) {
    const value = attributes[name] ?? false;
    if (value !== false) element.setAttribute(name, value === true ? "" : `${value}`);
  }
  for (const child of children) if (child) element.append(child);
  return element;
}

/** A line icon on a 24 by 24 grid, hidden from screen readers. */
export function icon(path: string): SVGSVGElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(space, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

/** A constructed style sheet: the one kind of style a page's CSP lets a script bring along. */
export function sheet(css: string): CSSStyleSheet {
  const made = new CSSStyleSheet();
  made.replaceSync(css);
  return made;
}
