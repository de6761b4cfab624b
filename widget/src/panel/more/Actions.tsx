// What a visitor can do with the conversation itself, in the panel's menu.
import { useEffect, useRef, useState } from "preact/hooks";
import type { ChatState } from "../../chat/state";
import { CLOSE } from "../../icons";
import type { Desk } from "../desk";
import { Icon } from "../Icon";
import { useAct } from "./act";
import { Transcript } from "./Transcript";

export function Actions({ desk, state }: { desk: Desk; state: ChatState }) {
  const { t } = desk;
  if (!state.conversation) return null;
  return (
    <>
      <h2 class="title">{t("this_chat")}</h2>
      <ul class="menu">
        <li><Transcript desk={desk} /></li>
        {state.status !== "closed" && <li><End desk={desk} /></li>}
      </ul>
    </>
  );
}

/** Asked twice, for a thumb slips; the question stands where the button stood. */
function End({ desk }: { desk: Desk }) {
  const { t, show } = desk;
  const { busy, problem, ask } = useAct(desk);
  const [asking, setAsking] = useState(false);
  const first = useRef<HTMLButtonElement>(null);
  const again = useRef<HTMLButtonElement>(null);
  const asked = useRef(false);

  useEffect(() => {
    if (asking) again.current?.focus();
    else if (asked.current) first.current?.focus();
    asked.current = asking;
  }, [asking]);

  async function end(): Promise<void> {
    if (await ask("end")) show({ kind: "chat" });
  }

  if (!asking) {
    return (
      <button ref={first} type="button" class="offer" data-lc="end" onClick={() => setAsking(true)}>
        <span>{t("end")}</span>
        <Icon path={CLOSE} />
      </button>
    );
  }
  return (
    <div class="question" role="group" aria-label={t("end_question")}>
      <p>{t("end_question")}</p>
      <div class="answers">
        <button ref={again} type="button" class="button" data-lc="end-yes" aria-disabled={busy} onClick={() => void (busy || end())}>{t("end_yes")}</button>
        <button type="button" class="button plain" data-lc="end-no" onClick={() => setAsking(false)}>{t("end_no")}</button>
      </div>
      {problem && <p class="problem" role="alert">{problem}</p>}
    </div>
  );
}
