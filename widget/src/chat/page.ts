// What the service is told of the page a visitor writes from.

export interface PageFacts {
  page: string;
  title: string;
  timezone: string;
  /** Where the visitor came from, where that was another site. */
  referrer?: string;
  /** The parameters of the address that begin with utm_, without that. */
  utm?: Record<string, string>;
}

const LONGEST = 500;
const LOOK_MS = 1_000;

export function pageFacts(): PageFacts {
  const utm: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(location.search)) {
    if (name.startsWith("utm_") && value) utm[name.slice(4)] = value.slice(0, LONGEST);
  }
  const { referrer } = document;
  const elsewhere = referrer && !referrer.startsWith(`${location.origin}/`);
  return {
    page: location.href,
    title: document.title.slice(0, LONGEST),
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone ?? "",
    ...(elsewhere ? { referrer } : {}),
    ...(Object.keys(utm).length ? { utm } : {}),
  };
}

/** Calls back when another page shows under the same document; the page's own `history` stays untouched. */
export function watchPage(moved: () => void): () => void {
  let known = location.href;
  const timer = setInterval(() => {
    if (location.href === known) return;
    known = location.href;
    moved();
  }, LOOK_MS);
  return () => clearInterval(timer);
}
