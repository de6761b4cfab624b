// The list of approved reviews on a page of the site: drawn into a shadow root at its place, and told to search engines
// as JSON-LD. A classic script that works under a policy which names our origin and nothing else.
import { el, sheet } from "../dom";
import { matchingPage } from "../forms/theme";
import { list, type ReviewList } from "./list";
import css from "./shadow.css";

// The server puts the list in here.
declare const __LEADCAPTURE_REVIEWS__: ReviewList;
const data = __LEADCAPTURE_REVIEWS__;

function begin(): void {
  const places = document.querySelectorAll<HTMLElement>(`[data-leadcapture-reviews="${CSS.escape(data.slug)}"]`);
  for (const place of places) {
    if (place.shadowRoot) continue;
    const root = place.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet(matchingPage(`${css}:host{--lc-accent:${data.accent};--lc-accent-text:${data.accentText}}`))];
    root.append(list(data));
  }
  if (places.length) tellSearchEngines();
}

/** Data for programs that read the page; it is not run, so no policy is in its way but one for Trusted Types. */
function tellSearchEngines(): void {
  const id = `leadcapture-reviews-${data.slug}`;
  if (!data.rating.count || document.getElementById(id)) return;
  try {
    document.head.append(el("script", { type: "application/ld+json", id }, JSON.stringify(data.structured)));
  } catch {
    // The page takes no text into script elements: people still read the reviews.
  }
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
else begin();
