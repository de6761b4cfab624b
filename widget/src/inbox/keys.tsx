// Everything by keyboard: one table of commands, from which keys are read and the page of keys is written.
import { useEffect, useRef, useState } from "preact/hooks";
import { useInbox, type InboxWords } from "./context";
import { remembered } from "./keep";

type Words = Parameters<InboxWords>[0];

export interface Entry {
  command: Command;
  /** As they are pressed: a character, two that follow each other, or with "mod+" the combination of the system. */
  keys: string[];
  words: Words;
}

export type Command =
  | "next" | "previous" | "down" | "up" | "choose" | "reply" | "email" | "note" | "canned" | "close" | "take" | "assign" | "tag"
  | "snooze" | "spam" | "release" | "search" | "help" | "escape"
  | `view:${"open" | "mine" | "unassigned" | "missed" | "snoozed" | "mentions" | "held" | "closed"}`;

/** What there is, group by group, in the order it is shown in. */
export const GROUPS: { title: Words; entries: Entry[] }[] = [
  {
    title: "inbox.keys_list",
    entries: [
      { command: "next", keys: ["j"], words: "inbox.key_next" },
      { command: "previous", keys: ["k"], words: "inbox.key_previous" },
      { command: "choose", keys: ["x"], words: "inbox.key_choose" },
      { command: "down", keys: ["J"], words: "inbox.key_down" },
      { command: "up", keys: ["K"], words: "inbox.key_up" },
      { command: "search", keys: ["f", "mod+k"], words: "inbox.key_search" },
    ],
  },
  {
    title: "inbox.keys_conversation",
    entries: [
      { command: "reply", keys: ["r"], words: "inbox.key_reply" },
      { command: "email", keys: ["w"], words: "inbox.key_email" },
      { command: "note", keys: ["n"], words: "inbox.key_note" },
      { command: "canned", keys: ["/"], words: "inbox.key_canned" },
      { command: "take", keys: ["t"], words: "inbox.key_take" },
      { command: "assign", keys: ["a"], words: "inbox.key_assign" },
      { command: "tag", keys: ["l"], words: "inbox.key_tag" },
      { command: "snooze", keys: ["s"], words: "inbox.key_snooze" },
      { command: "close", keys: ["e"], words: "inbox.key_close" },
      { command: "spam", keys: ["!"], words: "inbox.key_spam" },
      { command: "release", keys: ["h"], words: "inbox.key_release" },
    ],
  },
  {
    title: "inbox.keys_views",
    entries: [
      { command: "view:open", keys: ["g i"], words: "inbox.view_open" },
      { command: "view:mine", keys: ["g m"], words: "inbox.view_mine" },
      { command: "view:unassigned", keys: ["g u"], words: "inbox.view_unassigned" },
      { command: "view:missed", keys: ["g x"], words: "inbox.view_missed" },
      { command: "view:snoozed", keys: ["g s"], words: "inbox.view_snoozed" },
      { command: "view:mentions", keys: ["g a"], words: "inbox.view_mentions" },
      { command: "view:held", keys: ["g h"], words: "inbox.view_held" },
      { command: "view:closed", keys: ["g c"], words: "inbox.view_closed" },
    ],
  },
  {
    title: "inbox.keys_page",
    entries: [
      { command: "help", keys: ["?"], words: "inbox.key_help" },
      { command: "escape", keys: ["Escape"], words: "inbox.key_escape" },
    ],
  },
];

const BY_KEYS = new Map(GROUPS.flatMap(({ entries }) => entries.flatMap(({ keys, command }) => keys.map((key) => [key, command] as const))));
const FIRST_OF_TWO = new Set([...BY_KEYS.keys()].filter((key) => key.includes(" ")).map((key) => key.split(" ")[0]!));
const TWO_MS = 1_500; // within which the second key follows the first
const SINGLE = "inbox.single_keys";

/** Whether single characters are commands; without them only combinations and Escape are (WCAG 2.1.4). */
export const singleKeys = {
  on: () => remembered.get(SINGLE) !== "off",
  set: (on: boolean) => remembered.set(SINGLE, on ? "on" : "off"),
};

/**
 * Reads commands out of presses: inside a field or an open dialog only Escape and the combination are ours, and what an
 * input method composes never is. Letters count by their place on the keyboard where it writes no Latin ones.
 */
export function reader(now: () => number = Date.now): (event: KeyboardEvent) => Command | null {
  let first = { key: "", at: 0 };
  return (event) => {
    if (event.defaultPrevented || event.isComposing || event.keyCode === 229 || event.altKey) return null;
    const key = latin(event);
    if (["Shift", "Control", "Meta"].includes(key)) return null;
    if (event.ctrlKey || event.metaKey) return event.shiftKey ? null : (BY_KEYS.get(`mod+${key.toLowerCase()}`) ?? null);
    if (key === "Escape") return "escape";
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest("input:not([type=checkbox]), textarea, select, [contenteditable], dialog[open]") || !singleKeys.on()) return null;
    const pair = now() - first.at < TWO_MS ? BY_KEYS.get(`${first.key} ${key}`) : undefined;
    first = { key: "", at: 0 };
    if (pair) return pair;
    if (FIRST_OF_TWO.has(key)) {
      first = { key, at: now() };
      return null;
    }
    return BY_KEYS.get(key) ?? null;
  };
}

function latin({ key, code, shiftKey }: KeyboardEvent): string {
  const letter = /^Key([A-Z])$/.exec(code)?.[1];
  if (!letter || key.length !== 1 || key.charCodeAt(0) < 128) return key;
  return shiftKey ? letter : letter.toLowerCase();
}

const NAMES: Record<string, string> = { Escape: "Esc", J: "Shift j", K: "Shift k" };
const MOD = typeof navigator !== "undefined" && /Mac|iPhone|iPad/.test(navigator.userAgent) ? "⌘" : "Ctrl";

/** A key as it is written on the page of keys. */
export const shownKey = (key: string): string[] =>
  key.startsWith("mod+") ? [MOD, key.slice(4)] : key.split(" ").flatMap((part) => (NAMES[part] ?? part).split(" "));

export function Keys({ shown, onClose }: { shown: boolean; onClose: () => void }) {
  const { say } = useInbox();
  const dialog = useRef<HTMLDialogElement>(null);
  const [single, setSingle] = useState(singleKeys.on);
  useEffect(() => {
    if (shown) dialog.current?.showModal();
    else dialog.current?.close();
  }, [shown]);
  return (
    <dialog
      ref={dialog}
      class="inbox-keys inbox-all-keys"
      aria-label={say("inbox.keys")}
      onClose={onClose}
      onClick={(event) => event.target === dialog.current && onClose()}
    >
      <h2>{say("inbox.keys")}</h2>
      <div class="inbox-key-groups">
        {GROUPS.map(({ title, entries }) => (
          <section key={title}>
            <h3>{say(title)}</h3>
            <dl>
              {entries.map(({ command, keys, words }) => (
                <div key={command} data-command={command}>
                  <dt>
                    {keys.map((key, index) => (
                      <span key={key}>
                        {index > 0 && <i>{say("inbox.keys_or")}</i>}
                        {shownKey(key).map((part) => <kbd key={part}>{part}</kbd>)}
                      </span>
                    ))}
                  </dt>
                  <dd>{say(words)}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <label class="inbox-check">
        <input
          type="checkbox"
          checked={single}
          onChange={(event) => {
            singleKeys.set(event.currentTarget.checked);
            setSingle(event.currentTarget.checked);
          }}
        />
        {say("inbox.keys_single")}
      </label>
      <p class="inbox-hint">{say("inbox.enter_hint")}</p>
      <button type="button" class="button" onClick={onClose}>{say("inbox.keys_close")}</button>
    </dialog>
  );
}
