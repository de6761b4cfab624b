// One press of a button that asks the service for something, and what it shows meanwhile.
import { useState } from "preact/hooks";
import type { VisitorEvent } from "../../chat/link";
import type { WireError } from "../../protocol";
import type { Desk } from "../desk";

export interface Act {
  busy: boolean;
  /** Why it did not work, as a sentence; empty while nothing is wrong. */
  problem: string;
  /** The answer, or null: then `problem` says why, unless `except` takes the error. */
  ask<T>(event: VisitorEvent, payload?: object, except?: (error: WireError) => boolean): Promise<T | null>;
}

export function useAct({ chat, t }: Desk): Act {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  return {
    busy,
    problem,
    async ask<T>(event: VisitorEvent, payload = {}, except: (error: WireError) => boolean = () => false) {
      setBusy(true);
      setProblem("");
      try {
        const answer = await chat.ask<T>(event, payload);
        if (answer.ok) return answer;
        if (!except(answer.error)) setProblem(answer.error.message);
      } catch {
        setProblem(t("failed_action"));
      } finally {
        setBusy(false);
      }
      return null;
    },
  };
}
