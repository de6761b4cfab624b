// What every view of the inbox needs: the desk, the words, the language, and the clock that waiting times run on.
import { createContext } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";
import type en from "../i18n/inbox.en.json";
import { westernLocale, type Words } from "../i18n/words";
import type { Summary } from "../protocol";
import type { Alerts } from "./alerts";
import type { Desk } from "./desk";
import { waited } from "./duration";

/** What the page hands over. */
export interface Given {
  lang: string;
  operator: { id: string; name: string; available: boolean };
  /** The conversation the address names. */
  opened: string | null;
  /** Addresses of pages; `CONVERSATION` and `CONTACT` stand for an id. */
  urls: { inbox: string; conversation: string; contact: string; sign_in: string; preview: string | null; files: string; canned: string };
  /** Keys of the sites on which this operator may change what colleagues wrote. */
  manages: string[];
  /** Proof that a request comes from this page. */
  csrf: string;
  snippet: string;
  strings: Record<string, string>;
}

export type InboxWords = Words<keyof typeof en>;

interface Inbox {
  desk: Desk;
  say: InboxWords;
  alerts: Alerts;
  given: Given;
}

export const InboxContext = createContext<Inbox | null>(null);

export function useInbox(): Inbox {
  const inbox = useContext(InboxContext);
  if (!inbox) throw new Error("a view of the inbox stands outside of it");
  return inbox;
}

/** The name to call a visitor by: the given one, or "Visitor" with the end of the id, to tell two of them apart. */
export function nameOf(summary: Summary, say: InboxWords): string {
  return summary.visitor.name || `${say("inbox.visitor")} ${summary.visitor.id.slice(-4)}`;
}

/** A number of bytes as people read it. */
export function sizeOf(bytes: number, lang: string): string {
  const steps = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;
  const step = Math.min(steps.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  const format = { style: "unit", unit: steps[step]!, unitDisplay: step ? "short" : "long", maximumFractionDigits: step > 1 ? 1 : 0 } as const;
  return new Intl.NumberFormat(westernLocale(lang), format).format(bytes / 1000 ** step);
}

/** What a conversation is at, in words. */
export const statusOf = (summary: Summary, say: InboxWords): string =>
  summary.kind === "question" && summary.status === "unanswered" ? say("inbox.status_question") : say(`inbox.status_${summary.status}`);

export function Icon({ path }: { path: string }) {
  return (
    <svg
      viewBox="0 0 24 24" aria-hidden="true" class="icon"
      fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"
    >
      <path d={path} />
    </svg>
  );
}

/** How long it is since that time, running. */
export function Waited({ since }: { since: string }) {
  const { given } = useInbox();
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return <>{waited((now - Date.parse(since)) / 1000, given.lang)}</>;
}
