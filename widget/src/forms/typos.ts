// Slips of the finger in e-mail addresses: a suggestion for the person to take or leave, never a refusal. The server
// does the same for pages without scripts (forms/typos.py); both read one list and agree on tests/forms/typo_vectors.json.
import known from "../../../leadcapture/forms/typos.json";

const { near, exact } = known;
const endings: Record<string, string> = known.endings;
const shortEndings: Record<string, string> = known.short_endings;
const isProvider = (domain: string): boolean => near.includes(domain) || exact.includes(domain);

/** The address that was probably meant, or null where nothing looks wrong. */
export function suggestion(typed: string): string | null {
  const address = typed.trim();
  const at = address.lastIndexOf("@");
  if (at < 1) return null;
  const meant = meantBy(address.slice(at + 1).toLowerCase().replace(/\.+$/, ""));
  return meant && `${address.slice(0, at)}@${meant}`;
}

function meantBy(domain: string): string | null {
  if (isProvider(domain)) return null;
  const undotted = [...near, ...exact].find((provider) => domain === provider.replaceAll(".", ""));
  if (undotted) return undotted;
  const ended = wellEnded(domain);
  return nearTo(ended) ?? (ended === domain ? null : ended);
}

/** The domain with an ending that exists. `.co` and its like do exist, but not at a provider that has `.com`. */
function wellEnded(domain: string): string {
  const dot = domain.lastIndexOf(".");
  if (dot < 0) return domain;
  const [name, ending] = [domain.slice(0, dot), domain.slice(dot + 1)];
  if (Object.hasOwn(endings, ending)) return `${name}.${endings[ending]}`;
  const ended = Object.hasOwn(shortEndings, ending) ? `${name}.${shortEndings[ending]}` : domain;
  return isProvider(ended) || nearTo(ended) ? ended : domain;
}

function nearTo(domain: string): string | null {
  const [name, ending] = parted(domain);
  const found = near.find((provider) => {
    const [right, itsEnding] = parted(provider);
    return ending === itsEnding && oneSlip(name, right);
  });
  return found ?? null;
}

function parted(domain: string): [string, string] {
  const dot = domain.indexOf(".");
  return dot < 0 ? [domain, ""] : [domain.slice(0, dot), domain.slice(dot + 1)];
}

/** Whether one slip leads from `right` to `typed`; the first letter must be right, or swapped with the second. */
function oneSlip(typed: string, right: string): boolean {
  if (typed === right) return false;
  if (swapped(typed) === right) return true;
  if (typed[0] !== right[0]) return false;
  let start = 0;
  while (start < Math.min(typed.length, right.length) && typed[start] === right[start]) start++;
  const [rest, its] = [typed.slice(start), right.slice(start)];
  const [mistaken, added, leftOut] = [rest.slice(1) === its.slice(1), rest.slice(1) === its, rest === its.slice(1)];
  return mistaken || added || leftOut || swapped(rest) === its;
}

const swapped = (text: string): string => (text.length < 2 ? text : text.charAt(1) + text.charAt(0) + text.slice(2));
