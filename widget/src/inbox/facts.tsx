// Small parts of what is told of a visitor. All of it was said by a stranger's browser: text, never markup.
import type { ComponentChildren } from "preact";

export function Fact({ name, children }: { name: ComponentChildren; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** The page without its scheme; a link only where it is a web address. */
export function PageLink({ url }: { url: string }) {
  const page = webAddress(url);
  if (!page) return <bdi>{url}</bdi>;
  return (
    <a href={page.href} target="_blank" rel="noopener noreferrer nofollow" dir="ltr">
      {page.host}
      {page.pathname === "/" ? "" : page.pathname}
    </a>
  );
}

/** The address, where it is one that a browser may safely be sent to; else null. */
export function webAddress(url: string): URL | null {
  try {
    const page = new URL(url);
    return page.protocol === "https:" || page.protocol === "http:" ? page : null;
  } catch {
    return null;
  }
}

export function languageName(code: string, lang: string): string {
  try {
    return new Intl.DisplayNames([lang], { type: "language" }).of(code) ?? code;
  } catch {
    return code;
  }
}

/** Weekday and time of day at that moment in a zone; the zone itself where this browser does not know it. */
export function zoned(at: number, timezone: string, lang: string): string {
  try {
    const parts = { weekday: "short", hour: "numeric", minute: "2-digit", timeZone: timezone } as const;
    return `${new Intl.DateTimeFormat(lang, parts).format(at)} (${timezone.split("/").pop()!.replaceAll("_", " ")})`;
  } catch {
    return timezone;
  }
}
