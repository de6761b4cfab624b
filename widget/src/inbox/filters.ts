// What a list of conversations is filtered by, and whether one of them stands under it: as the service decides it
// (leadcapture/chat/filters.py), so that a list is right the moment a conversation changes.
import type { Iso, Summary, ConversationStatus } from "../protocol";
import builtIn from "./views.json";

/** What is not said does not matter. `operator` is an id, "me" or "none"; `since` and `until` are about the beginning. */
export interface Filter {
  where?: "open" | "snoozed" | "closed" | "held" | "all";
  statuses?: ConversationStatus[];
  operator?: string;
  tag?: string;
  site?: string;
  language?: string;
  kind?: "chat" | "question";
  unread?: boolean;
  missed?: boolean;
  rated?: boolean;
  mentions?: boolean;
  since?: Iso;
  until?: Iso;
}

/** A filter somebody saved under a name: everybody's of the site, or one's own. */
export interface SavedView {
  id: string;
  name: string;
  filter: Filter;
  shared: boolean;
  site: string;
}

export type BuiltIn = keyof typeof builtIn;

/** The views everybody has, in the order they are offered in. */
export const BUILT_IN = builtIn as Record<BuiltIn, Filter>;
export const ORDER: BuiltIn[] = ["open", "mine", "unassigned", "missed", "snoozed", "mentions", "held", "closed"];

/** The name of the list that is filtered by hand. */
export const BY_HAND = "filter";

/** Whether the conversation stands under the filter, for the operator `me` who is named in `mentioned`. */
export function stands(summary: Summary, filter: Filter, me: string, mentioned: ReadonlySet<string>): boolean {
  const closed = summary.status === "closed";
  const aside = summary.snoozed_until !== null;
  const where = filter.where ?? "open";
  // What is held as spam stands nowhere else.
  if (summary.held !== (where === "held")) return false;
  if (where === "open" && (closed || aside)) return false;
  if (where === "snoozed" && (closed || !aside)) return false;
  if (where === "closed" && !closed) return false;
  if (filter.statuses?.length && !filter.statuses.includes(summary.status)) return false;
  if (filter.operator && (filter.operator === "none" ? summary.operator : summary.operator?.id !== (filter.operator === "me" ? me : filter.operator)))
    return false;
  if (filter.tag && !summary.tags.includes(filter.tag)) return false;
  if (filter.site && summary.site.key !== filter.site) return false;
  if (filter.language && summary.visitor.language !== filter.language) return false;
  if (filter.kind && summary.kind !== filter.kind) return false;
  if (filter.unread && summary.unread === 0) return false;
  if (filter.missed && !summary.missed) return false;
  if (filter.rated && !summary.rating) return false;
  if (filter.mentions && !mentioned.has(summary.id)) return false;
  if (filter.since && summary.created_at < filter.since) return false;
  return !filter.until || summary.created_at < filter.until;
}

/** The filter without what it does not say: two that mean the same have the same text. */
export function said(filter: Filter): Filter {
  const kept = Object.entries(filter).filter(([, value]) => value && (!Array.isArray(value) || value.length > 0));
  return Object.fromEntries(kept.sort(([a], [b]) => (a < b ? -1 : 1)));
}
