// What a browser keeps of a conversation: the visitor's token and unsent messages in localStorage (shared by tabs),
// the draft, half-filled forms and whether the panel is open in sessionStorage (this tab's own). Nothing is written
// before the visitor opens the panel, and everything works, for this page, where storage is forbidden.
import { memoryKey } from "../loader/bridge";
import type { Draft } from "./state";

/** A place in a conversation. */
export interface Mark {
  conversation: string;
  seq: number;
}

export interface Remembered {
  token: string | null;
  /** By which a first message that is sent again is known for the same one, where there is no token yet. */
  key: string | null;
  outbox: Draft[];
  /** Up to where this visitor has looked. */
  seen: Mark | null;
  /** Up to where some tab has made its sound, and which. */
  rung: (Mark & { by: string }) | null;
  muted: boolean;
  /** The conversation that was rated last, or whose rating was declined by writing on. */
  rated: string | null;
}

interface TabMemory {
  draft: string;
  open: boolean;
  /** What was typed into forms of the panel and not sent, by their slugs. */
  forms: Record<string, Record<string, string>>;
}

export interface Memory {
  read(): Remembered;
  write(change: Partial<Remembered>): void;
  readTab(): TabMemory;
  writeTab(change: Partial<TabMemory>): void;
  /** Calls back when another tab wrote; returns a function that ends this. */
  onOtherTab(listener: (remembered: Remembered) => void): () => void;
}

type Store = "localStorage" | "sessionStorage";

const NOTHING: Remembered = { token: null, key: null, outbox: [], seen: null, rung: null, muted: false, rated: null };

export function memoryOf(site: string): Memory {
  const key = memoryKey(site);
  const forThisPage = new Map<Store, string>();

  const parse = (text: string | null): object => {
    try {
      return JSON.parse(text ?? "{}") as object;
    } catch {
      return {};
    }
  };
  const load = (store: Store): object => {
    try {
      return parse(forThisPage.get(store) ?? window[store].getItem(key));
    } catch {
      return {};
    }
  };
  const save = (store: Store, value: object, nothing = false): void => {
    const text = JSON.stringify(value);
    try {
      if (nothing) window[store].removeItem(key);
      else window[store].setItem(key, text);
      forThisPage.delete(store);
    } catch {
      forThisPage.set(store, text);
    }
  };
  const read = (): Remembered => ({ ...NOTHING, ...load("localStorage") });
  const readTab = (): TabMemory => ({ draft: "", open: false, forms: {}, ...load("sessionStorage") });

  return {
    read,
    write: (change) => save("localStorage", { ...read(), ...change }),
    readTab,
    writeTab(change) {
      const tab = { ...readTab(), ...change };
      // The loader brings the panel to every page of a tab that keeps something.
      save("sessionStorage", tab, !tab.draft && !tab.open && !Object.keys(tab.forms).length);
    },
    onOtherTab(listener) {
      const heard = (event: StorageEvent) => {
        // What was written then, not what is there by now: a third tab may have written over it.
        if (event.key === key && event.newValue) listener({ ...NOTHING, ...parse(event.newValue) });
      };
      addEventListener("storage", heard);
      return () => removeEventListener("storage", heard);
    },
  };
}
