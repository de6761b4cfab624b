// What stands below a conversation that has ended: how it was, its transcript, and the way to begin again.
import { useEffect, useRef, useState } from "preact/hooks";
import type { ChatState } from "../../chat/state";
import { westernLocale } from "../../i18n/words";
import { CHAT, STAR } from "../../icons";
import type { Desk } from "../desk";
import { Icon } from "../Icon";
import { useAct } from "./act";
import { Transcript } from "./Transcript";

const LONGEST_COMMENT = 1000;

interface Props {
  desk: Desk;
  state: ChatState;
  /** Where there is a composer to go on with. */
  again: (() => void) | null;
}

export function Afterword({ desk, state, again }: Props) {
  const { t } = desk;
  const spoken = state.log.messages.some(({ author }) => author.kind === "operator");
  return (
    <section class="card afterword" data-lc="afterword" aria-label={t("status_closed")}>
      {spoken && <Rating desk={desk} conversation={state.conversation!} />}
      <Transcript desk={desk} />
      {again && (
        <button type="button" class="offer" data-lc="start-again" onClick={again}>
          <span>{t("start_again")}</span>
          <Icon path={CHAT} />
        </button>
      )}
    </section>
  );
}

function Rating({ desk, conversation }: { desk: Desk; conversation: string }) {
  const { t, lang, memory } = desk;
  const { busy, problem, ask } = useAct(desk);
  const [stars, setStars] = useState(0);
  const [comment, setComment] = useState("");
  const [done, setDone] = useState(memory.read().rated === conversation);
  const form = useRef<HTMLFormElement>(null);
  const chosen = stars > 0;

  // What came below the stars is to be seen.
  useEffect(() => {
    if (chosen) form.current?.scrollIntoView({ block: "nearest" });
  }, [chosen]);

  async function send(event: Event): Promise<void> {
    event.preventDefault();
    if (busy || !(await ask("rate", { stars, comment: comment.trim() }))) return;
    memory.write({ rated: conversation });
    setDone(true);
  }

  if (done) return <p class="thanks" role="status" data-lc="rated">{t("rate_thanks")}</p>;
  return (
    <form ref={form} class="rating" onSubmit={(event) => void send(event)}>
      <fieldset>
        <legend>{t("rate_question")}</legend>
        <div class="stars">
          {[1, 2, 3, 4, 5].map((count) => (
            <label key={count} class={count <= stars ? "on" : ""}>
              <input type="radio" name="stars" value={count} checked={stars === count} onChange={() => setStars(count)} />
              <Icon path={STAR} />
              <span class="away">{t("rate_star", { stars: count.toLocaleString(westernLocale(lang)) })}</span>
            </label>
          ))}
        </div>
      </fieldset>
      {chosen && (
        <>
          <label class="field">
            <span>{t("rate_comment")}</span>
            <textarea
              class="input" name="comment" rows={2} maxLength={LONGEST_COMMENT} dir={comment ? "auto" : undefined}
              value={comment} onInput={(event) => setComment(event.currentTarget.value)}
            />
          </label>
          <button type="submit" class="button" data-lc="rate" aria-disabled={busy}>{t("rate_send")}</button>
        </>
      )}
      {problem && <p class="problem" role="alert">{problem}</p>}
    </form>
  );
}
