import { useEffect, useRef, useState } from "preact/hooks";
import { isAway, unansweredText, type ChatState } from "../chat/state";
import type { Engaged } from "../forms/behaviour";
import type { Phase } from "../forms/state";
import { ALERT, MAIL } from "../icons";
import { Composer } from "./Composer";
import type { Desk } from "./desk";
import { FormCard } from "./FormCard";
import { Icon } from "./Icon";
import { Log } from "./Log";
import { Menu } from "./Menu";

const SENT: Phase[] = ["sent", "confirmed", "expired"];

/** The thread: messages, then either the composer or, while nobody can answer, the offline form. */
export function Chat({ desk, state }: { desk: Desk; state: ChatState }) {
  const { t, config } = desk;
  const away = isAway(state);
  const offering = away && !!config.offline_form;
  const form = useRef<Engaged | null>(null);
  const [offered, setOffered] = useState(false);
  const [phase, setPhase] = useState<Phase>("idle");
  // Where in the thread the form was sent: what is said later stands below it.
  const [sentAfter, setSentAfter] = useState<number | null>(null);
  const prefilled = useRef("");
  const [returns, setReturns] = useState(0);

  function values(): Record<string, string | undefined> {
    const said = unansweredText(state);
    prefilled.current = said;
    return { ...desk.identity, message: [said, desk.draft.trim()].filter(Boolean).join("\n") };
  }

  useEffect(() => {
    if (offering) {
      setOffered(true);
      form.current?.prefill(defined(values()));
    } else if (offered && form.current && !SENT.includes(phase)) {
      // Somebody can answer after all: what was typed into the form goes on in the composer.
      const typed = String(form.current.values().message ?? "");
      const said = prefilled.current;
      desk.saveDraft((typed.startsWith(said) ? typed.slice(said.length) : typed).trim());
      setReturns(returns + 1);
    }
  }, [offering]);

  function onPhase(now: Phase): void {
    setPhase(now);
    if (SENT.includes(now) && !SENT.includes(phase)) {
      setSentAfter(desk.chat.state().log.last);
      desk.saveDraft("");
    }
    if (now === "idle") setSentAfter(null);
  }

  const sent = SENT.includes(phase);
  const card = (offering || offered) && config.offline_form && (
    <div class="card" hidden={!offering && !sent} key="card">
      {!sent && (
        <p class="happened">
          <Icon path={MAIL} />
          {t(state.status === "unanswered" ? "offline_unanswered" : "offline_away")}
        </p>
      )}
      <FormCard desk={desk} slug={config.offline_form} values={values} engaged={form} onPhase={onPhase} inChat />
    </div>
  );

  return (
    <>
      {state.link === "down" && (
        <p class="banner" role="status">
          <Icon path={ALERT} />
          {t("link_down")}
        </p>
      )}
      <Log desk={desk} state={state} card={card} cardAfter={sentAfter} welcome={<Menu desk={desk} without={offering ? config.offline_form : null} />} />
      {away && !config.offline_form && <p class="hint">{t("offline_no_form")}</p>}
      {state.link !== "refused" && !offering && <Composer key={returns} desk={desk} />}
    </>
  );
}

const defined = (values: Record<string, string | undefined>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).filter((entry): entry is [string, string] => !!entry[1]));
