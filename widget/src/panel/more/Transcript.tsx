// Has the conversation mailed: to the address that is proven, else by the form that proves one.
import { useState } from "preact/hooks";
import { MAIL } from "../../icons";
import type { Desk } from "../desk";
import { Icon } from "../Icon";
import { useAct } from "./act";

export function Transcript({ desk }: { desk: Desk }) {
  const { t, config, show } = desk;
  const { busy, problem, ask } = useAct(desk);
  const [sentTo, setSentTo] = useState("");

  async function send(): Promise<void> {
    const form = config.chat.transcript_form;
    const sent = await ask<{ sent_to: string }>("transcript", {}, ({ code }) => {
      if (code !== "not_found" || !form) return false;
      show({ kind: "form", slug: form });
      return true;
    });
    if (sent) setSentTo(sent.sent_to);
  }

  return (
    <div>
      <button type="button" class="offer" data-lc="transcript" aria-disabled={busy} onClick={() => void (busy || send())}>
        <span>{t("transcript")}</span>
        <Icon path={MAIL} />
      </button>
      <p class="said" role="status" data-lc="transcript-sent" dir="auto">{sentTo && t("transcript_sent", { address: sentTo })}</p>
      {problem && <p class="problem" role="alert">{problem}</p>}
    </div>
  );
}
