// What a browser keeps of a conversation: the visitor's token and unsent messages in localStorage (shared by tabs),
// the draft and whether the panel is open in sessionStorage (this tab's own). Nothing is written before the first
// message, and everything works, for this page, where storage is forbidden.
import { memoryKey } from "../loader/bridge";

export interface Unsent {
  client_id: string;
  body: string;
  at: number;
}

export interface Remembered {
  token: string | null;
  outbox: Unsent[];
  /** Up to which seq of which conversation this visitor has looked. */
  seen: { conversation: string; seq: number } | null;
}

interface TabMemory {
  draft: string;
  open: boolean;
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

const NOTHING: Remembered = { token: null, outbox: [], seen: null };

export function memoryOf(site: string): Memory {
  const key = memoryKey(site);
  const forThisPage = new Map<Store, string>();

  const load = (store: Store): object => {
    try {
      return JSON.parse(forThisPage.get(store) ?? window[store].getItem(key) ?? "{}") as object;
    } catch {
      return {};
    }
  };
  const save = (store: Store, value: object): void => {
    const text = JSON.stringify(value);
    try {
      window[store].setItem(key, text);
      forThisPage.delete(store);
    } catch {
      forThisPage.set(store, text);
    }
  };
  const read = (): Remembered => ({ ...NOTHING, ...load("localStorage") });
  const readTab = (): TabMemory => ({ draft: "", open: false, ...load("sessionStorage") });

  return {
    read,
    write: (change) => save("localStorage", { ...read(), ...change }),
    readTab,
    writeTab: (change) => save("sessionStorage", { ...readTab(), ...change }),
    onOtherTab(listener) {
      const heard = (event: StorageEvent) => {
        if (event.key === key) listener(read());
      };
      addEventListener("storage", heard);
      return () => removeEventListener("storage", heard);
    },
  };
}
