import { useEffect, useRef, useState } from "preact/hooks";
import { isAway, leftQuestion, unansweredText, type ChatState } from "../chat/state";
import { backAt } from "../chat/when";
import type { Engaged } from "../forms/behaviour";
import type { Phase } from "../forms/state";
import { ALERT, MAIL } from "../icons";
import { Composer } from "./Composer";
import type { Desk } from "./desk";
import { FormCard } from "./FormCard";
import { Icon } from "./Icon";
import { Log } from "./Log";
import { Menu } from "./Menu";
import { useMore } from "./useMore";

const SENT: Phase[] = ["sent", "confirmed", "expired"];

/** Whether the composer stands there: nobody forbids to write, and the offline form does not take its place. */
export const canWrite = ({ config }: Desk, state: ChatState): boolean =>
  state.link !== "refused" && state.link !== "blocked" && !(isAway(state) && config.offline_form);

/** When somebody will be here again, in the visitor's own time; nothing where nobody knows. */
export function backSentence({ t, lang }: Desk, { back_at, available }: ChatState): string {
  if (!back_at || available) return "";
  const { key, values } = backAt(back_at, lang);
  return t(key, values);
}

/** The thread: messages, then either the composer or, while nobody can answer, the offline form. */
export function Chat({ desk, state }: { desk: Desk; state: ChatState }) {
  const { t, config } = desk;
  const away = isAway(state);
  const offering = away && !!config.offline_form;
  const form = useRef<Engaged | null>(null);
  const composer = useRef<HTMLTextAreaElement>(null);
  const [offered, setOffered] = useState(false);
  const [phase, setPhase] = useState<Phase>("idle");
  const [another, setAnother] = useState(false);
  // Where in the thread the form was sent: what is said later stands below it.
  const [sentAfter, setSentAfter] = useState<number | null>(null);
  const prefilled = useRef("");
  const [returns, setReturns] = useState(0);
  // The first message waits for the answers to the site's questions.
  const [first, setFirst] = useState<(() => void) | null>(null);
  const asksFirst = config.chat.pre_chat.length > 0 && !state.conversation && state.pending.length === 0;
  const ended = state.status === "closed" && state.log.messages.length > 0;
  const more = useMore(desk, ended || first !== null);
  const composing = canWrite(desk, state);
  const back = away ? backSentence(desk, state) : "";

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

  function begin(): void {
    first!();
    setFirst(null);
  }

  const sent = SENT.includes(phase);
  // Left in another tab, or before the page changed. One of this tab is told of before its own answer comes.
  const left = offering && leftQuestion(state) && phase === "idle" && !another;
  const card = left ? (
    <p class="hint" key="card" data-lc="question-left">
      {t("question_left")} <button type="button" class="link" onClick={() => setAnother(true)}>{t("again")}</button>
    </p>
  ) : (offering || offered) && config.offline_form && (
    <div class="card" hidden={!offering && !sent} key="card">
      {!sent && (
        <p class="happened">
          <Icon path={MAIL} />
          <span>{t(state.status === "unanswered" ? "offline_unanswered" : "offline_away")} {back}</span>
        </p>
      )}
      <FormCard desk={desk} slug={config.offline_form} values={values} engaged={form} onPhase={onPhase} inChat />
    </div>
  );

  const toComposer = composing ? () => composer.current?.focus() : null;
  const after = (
    <>
      {ended && more && state.link !== "blocked" && <more.Afterword key={state.conversation} desk={desk} state={state} again={toComposer} />}
      {first !== null && more && composing && <more.PreChat desk={desk} onDone={begin} />}
    </>
  );

  return (
    <>
      {state.link === "down" && (
        <p class="banner" role="status">
          <Icon path={ALERT} />
          {t("link_down")}
        </p>
      )}
      <Log desk={desk} state={state} card={card} cardAfter={sentAfter} welcome={<Menu desk={desk} without={offering ? config.offline_form : null} />} after={after} />
      {away && !config.offline_form && <p class="hint">{t("offline_no_form")} {back}</p>}
      {composing && <Composer key={returns} desk={desk} state={state} field={composer} ask={asksFirst ? (go) => setFirst(() => go) : null} />}
    </>
  );
}

const defined = (values: Record<string, string | undefined>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).filter((entry): entry is [string, string] => !!entry[1]));
