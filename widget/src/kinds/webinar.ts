// The sessions of a webinar: where a visitor's clock shows another time than the session's own zone, it is said too.
import { el } from "../dom";
import type { Descriptor } from "../protocol";

export interface WebinarData {
  sessions: { id: string; starts: string; timezone: string }[];
  /** "On your clock: {time}" */
  yours: string;
}

export function enhance(form: HTMLFormElement, descriptor: Descriptor): void | (() => void) {
  const data = descriptor.data as unknown as WebinarData | null;
  if (!data) return;
  const added: HTMLElement[] = [];
  for (const { id, starts, timezone } of data.sessions) {
    const time = onVisitorsClock(starts, timezone, descriptor.lang);
    const radio = [...form.querySelectorAll<HTMLInputElement>("input[name=session]")].find((one) => one.value === id);
    const words = radio?.closest("label")?.querySelector("span");
    if (!time || !words) continue;
    const line = el("span", { class: "help", "data-lc": "local-time" }, el("br"), data.yours.replace("{time}", time));
    words.append(line);
    added.push(line);
  }
  return () => added.forEach((line) => line.remove());
}

/** The day and time on this clock; nothing where it shows what the session's own zone shows. */
export function onVisitorsClock(starts: string, timezone: string, lang: string, own?: string): string {
  const at = new Date(starts);
  const said = (timeZone?: string): string => {
    const format: Intl.DateTimeFormatOptions = { weekday: "long", day: "numeric", month: "long", hour: "numeric", minute: "2-digit", timeZone };
    // Western digits, as the server writes them.
    return new Intl.DateTimeFormat(`${lang}-u-nu-latn`, format).format(at);
  };
  try {
    return said(own) === said(timezone) ? "" : said(own);
  } catch {
    return ""; // a zone that this browser does not know
  }
}
