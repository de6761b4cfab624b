// The list that opens while one types: canned replies by "/", colleagues by "@". The field keeps the focus and says which
// option is chosen (a textbox with aria-activedescendant, WAI-ARIA 1.2 listbox pattern).
import type { RefObject } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Summary } from "../protocol";
import { useInbox } from "./context";
import { asked, colleagues, filled, fitting, insert, type Asked, type Canned } from "./insert";
import type { Mode, State } from "./state";

interface Option {
  id: string;
  label: string;
  detail: string;
  inserted: string;
}

interface Around {
  state: State;
  summary: Summary;
  /** What is written now, which may be newer than what is drawn. */
  mode: () => Mode;
  field: RefObject<HTMLTextAreaElement | null>;
}

export interface Suggestions {
  /** Whether there is something to choose. */
  open: boolean;
  asked: Asked | null;
  options: Option[];
  chosen: number;
  /** Whether it is known what there is to choose from; and whether that is nothing at all. */
  known: boolean;
  none: boolean;
  /** After every change of the text or the caret. */
  look(): void;
  choose(option: Option): void;
  /** Whether the key was for the list. */
  onKey(event: KeyboardEvent): boolean;
}

export const LIST = "inbox-suggestions";
export const optionId = (index: number) => `${LIST}-${index}`;

export function useSuggestions({ state, summary, mode, field }: Around): Suggestions {
  const { desk } = useInbox();
  const [wanted, setWanted] = useState<Asked | null>(null);
  const [chosen, setChosen] = useState(0);
  const [left, setLeft] = useState<number | null>(null); // where a list began that was closed by Escape
  const [replies, setReplies] = useState<Canned[] | null>(null);
  const shown = wanted && wanted.from !== left ? wanted : null;
  const site = summary.site.key;

  const asksForReplies = shown?.sign === "/";
  useEffect(() => {
    if (!asksForReplies) return;
    let current = true;
    void desk.ask<{ replies: Canned[] }>("canned", { site }).then((answer) => current && answer.ok && setReplies(answer.replies));
    return () => void (current = false);
  }, [asksForReplies, site]);
  useEffect(() => setReplies(null), [site]);
  useEffect(look, [summary.id, mode()]);

  const options = useMemo((): Option[] => {
    if (!shown) return [];
    if (shown.sign === "@") {
      return colleagues(state.operators, state.me.id, shown.text).map(({ id, name }) => ({ id, label: name, detail: "", inserted: `@${name} ` }));
    }
    return fitting(replies ?? [], shown.text).map(({ id, shortcut, body }) => ({
      id, label: `/${shortcut}`, detail: body, inserted: filled(body, summary, state.me.name),
    }));
  }, [shown?.sign, shown?.text, replies, state.operators, summary]);
  const at = Math.min(chosen, options.length - 1);

  function look(): void {
    const area = field.current;
    if (!area) return;
    const next = area.selectionStart === area.selectionEnd ? asked(area.value, area.selectionStart, mode() === "note" ? "/@" : "/") : null;
    if (next?.from !== wanted?.from || next?.text !== wanted?.text) setChosen(0);
    if (next === null) setLeft(null);
    setWanted(next);
  }

  function choose(option: Option): void {
    const area = field.current;
    if (!area || !shown) return;
    const written = insert(area.value, shown, option.inserted);
    // At once, so that what is typed next goes behind it; the state draws the same a moment later.
    area.value = written.text;
    area.setSelectionRange(written.from, written.to);
    area.focus();
    setWanted(null);
    desk.write(summary.id, written.text);
  }

  function onKey(event: KeyboardEvent): boolean {
    if (!shown || event.isComposing) return false;
    if (event.key === "Escape") {
      setLeft(shown.from);
    } else if (options.length === 0) {
      return false;
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      setChosen((at + (event.key === "ArrowDown" ? 1 : options.length - 1)) % options.length);
    } else if ((event.key === "Enter" && !event.shiftKey) || (event.key === "Tab" && !event.shiftKey)) {
      choose(options[at]!);
    } else {
      return false;
    }
    event.preventDefault();
    return true;
  }

  const none = shown?.sign === "/" && replies?.length === 0;
  const known = shown?.sign === "@" ? state.operators.length > 0 : replies !== null;
  return { open: !!shown && options.length > 0, asked: shown, options, chosen: at, known, none, look, choose, onKey };
}

export function SuggestionList({ suggestions }: { suggestions: Suggestions }) {
  const { say, given } = useInbox();
  const { asked: shown, options, chosen, none, known } = suggestions;
  useEffect(() => {
    document.getElementById(optionId(chosen))?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  if (!shown) return null;
  if (options.length === 0) {
    // Nothing is said before it is known: replies are asked for, colleagues are told of.
    if (!known) return null;
    return (
      <p class="inbox-suggestions inbox-suggestions-none" role="status">
        {say(shown.sign === "@" ? "inbox.mention_none" : none ? "inbox.canned_empty" : "inbox.canned_none")}{" "}
        {none && <a href={given.urls.canned}>{say("inbox.canned_add")}</a>}
      </p>
    );
  }
  return (
    <div class="inbox-suggestions">
      <ul id={LIST} role="listbox" data-lc="suggestions" aria-label={say(shown.sign === "@" ? "inbox.mention_list" : "inbox.canned_list")}>
        {options.map((option, index) => (
          <li
            key={option.id}
            id={optionId(index)}
            role="option"
            aria-selected={index === chosen}
            // A press must not take the focus out of the field.
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => suggestions.choose(option)}
          >
            <bdi>{option.label}</bdi>
            {option.detail && <span dir="auto">{option.detail}</span>}
          </li>
        ))}
      </ul>
      <p class="hidden" role="status">{say("inbox.choices", { count: options.length })}</p>
    </div>
  );
}
