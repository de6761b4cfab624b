import { useEffect, useRef, useState } from "preact/hooks";
import { call } from "../api";
import type { Engaged } from "../forms/behaviour";
import type { Phase } from "../forms/state";
import type { Descriptor } from "../protocol";
import type { Desk } from "./desk";

interface Props {
  desk: Desk;
  slug: string;
  /** What is known already; fills fields that are still empty. */
  values(): Record<string, string | undefined>;
  engaged?: { current: Engaged | null };
  onPhase?(phase: Phase): void;
  /** The submission belongs to the conversation. */
  inChat?: boolean;
}

type Load = "loading" | "ready" | "missing" | "failed";

export function FormCard({ desk, slug, values, engaged, onPhase, inChat }: Props) {
  const { t, base, lang, config, memory } = desk;
  const typed = useRef<Engaged | null>(null);
  const place = useRef<HTMLDivElement>(null);
  const [load, setLoad] = useState<Load>("loading");
  const [attempt, setAttempt] = useState(0);
  const phases = useRef(onPhase);
  phases.current = onPhase;

  useEffect(() => {
    let form: Engaged | null = null;
    let gone = false;
    setLoad("loading");
    const described = call<Descriptor>(`${base}/v1/${config.site}/forms/${slug}?lang=${lang}`);
    Promise.all([described, desk.forms()]).then(
      ([{ status, data }, { paint, engage }]) => {
        if (gone) return;
        if (status !== 200) {
          setLoad(status === 404 ? "missing" : "failed");
          return;
        }
        const element = paint(data, { optional: t("form_optional"), privacy: t("form_privacy") });
        place.current!.replaceChildren(element);
        form = engage(element, data, {
          base, site: config.site, t, emit: desk.emit,
          conversation: () => (inChat ? conversation(desk) : null),
          changed(phase) {
            if (phase === "sent" || phase === "confirmed") desk.keepForm(slug, null);
            phases.current?.(phase);
          },
        });
        // What was typed here before the page changed comes first; the rest fills what is empty.
        form.prefill(memory.readTab().forms[slug] ?? {});
        const known = Object.entries(values()).filter((entry): entry is [string, string] => !!entry[1]);
        form.prefill(Object.fromEntries(known));
        typed.current = form;
        if (engaged) engaged.current = form;
        setLoad("ready");
      },
      () => !gone && setLoad("failed"),
    );
    return () => {
      gone = true;
      form?.stop();
      if (engaged) engaged.current = null;
    };
  }, [slug, attempt]);

  function keep(): void {
    const now = Object.entries(typed.current?.values() ?? {});
    desk.keepForm(slug, Object.fromEntries(now.filter((entry): entry is [string, string] => typeof entry[1] === "string" && !!entry[1])));
  }

  return (
    <>
      <div ref={place} onInput={keep} />
      {load === "loading" && <div class="skeleton" role="status" aria-label={t("loading")} />}
      {load === "missing" && <p class="problem">{t("form_missing")}</p>}
      {load === "failed" && (
        <p class="problem" role="alert">
          {t("load_failed")}{" "}
          <button type="button" class="link" onClick={() => setAttempt(attempt + 1)}>{t("retry")}</button>
        </p>
      )}
    </>
  );
}

function conversation({ chat }: Desk): { id: string | null; token: string } | null {
  const token = chat.token();
  return token ? { id: chat.state().conversation, token } : null;
}
