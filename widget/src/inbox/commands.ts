// What a press of a key or a button asks the inbox for.
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Command } from "./keys";
import type { State } from "./state";

export const CommandContext = createContext<(command: Command) => void>(() => {});

/** Does a command, as its key does. */
export const useCommand = () => useContext(CommandContext);

/** The conversations a command is about: the chosen ones, else the opened one, else the one whose row has the focus. */
export function targets({ lists, opened, conversations }: State): string[] {
  const chosen = [...lists.chosen].filter((id) => conversations[id]);
  if (chosen.length > 0) return chosen;
  const one = opened ?? document.activeElement?.closest<HTMLElement>("[data-lc=conversation]")?.dataset.id;
  return one && conversations[one] ? [one] : [];
}
