// Search over every message: what is typed is looked for a moment later, and what is found stands in place of the list.
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon, nameOf, useInbox } from "./context";
import { short } from "./duration";
import { CROSS, LOOK } from "./icons";
import type { Found, Hit } from "./lists";

const PAUSE_MS = 200;
const NOTHING: Found = { hits: [], more: false, cursor: null };

interface Props {
  opened: string | null;
  text: string;
  onText: (text: string) => void;
}

/** Put the focus into the field of search. */
export const focusSearch = () => document.querySelector<HTMLInputElement>("[data-lc=search]")?.focus();

/** Move through what was found; whether there is anything. */
export function stepHits(by: 1 | -1): boolean {
  const hits = [...document.querySelectorAll<HTMLElement>("[data-lc=hit]")];
  const current = hits.findIndex((hit) => hit === document.activeElement || hit.hasAttribute("aria-current"));
  const next = hits[current + by];
  if (next) {
    next.focus();
    next.click();
  }
  return hits.length > 0;
}

export function Search({ opened, text, onText }: Props) {
  const { desk, say } = useInbox();
  const [found, setFound] = useState<Found & { text: string; state: "here" | "asked" | "failed" }>({ ...NOTHING, text: "", state: "here" });
  const [shown, setShown] = useState<string | null>(null);
  const asked = useRef(0);
  const wanted = text.trim();

  const ask = async (before: string | null, known: Hit[]) => {
    const number = ++asked.current;
    setFound((now) => ({ ...now, state: "asked" }));
    const answer = await desk.lists.search(wanted, before);
    if (number !== asked.current) return;
    if (answer.ok) setFound({ ...answer, hits: [...known, ...answer.hits], text: wanted, state: "here" });
    else setFound((now) => ({ ...now, text: wanted, state: "failed" }));
  };
  useEffect(() => {
    asked.current++;
    if (!wanted) return setFound({ ...NOTHING, text: "", state: "here" });
    const timer = setTimeout(() => void ask(null, []), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [wanted]);

  const current = found.text === wanted;
  return (
    <>
      <form
        role="search"
        class="inbox-look"
        onSubmit={(event) => {
          event.preventDefault();
          document.querySelector<HTMLElement>("[data-lc=hit]")?.focus();
        }}
      >
        <Icon path={LOOK} />
        <input
          type="search"
          data-lc="search"
          dir="auto"
          autocomplete="off"
          aria-label={say("inbox.search")}
          placeholder={say("inbox.search")}
          value={text}
          onInput={(event) => onText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Escape" && text) {
              event.preventDefault();
              onText("");
            } else if (event.key === "ArrowDown") {
              event.preventDefault();
              document.querySelector<HTMLElement>("[data-lc=hit], [data-lc=queue] [data-lc=conversation][tabindex='0']")?.focus();
            }
          }}
        />
        {text && (
          <button type="button" class="button quiet only-icon" aria-label={say("inbox.search_end")} onClick={() => onText("")}>
            <Icon path={CROSS} />
          </button>
        )}
      </form>
      {wanted && (
        <div class="inbox-scroll" data-lc="found" aria-busy={found.state === "asked"}>
          <p class="inbox-told" role="status">
            {current && found.state === "here" && found.hits.length === 0 && say("inbox.search_nothing", { text: wanted })}
            {current && found.state === "failed" && say("inbox.search_failed")}
          </p>
          <ul class="inbox-hits" role="list">
            {found.hits.map((hit) => {
              const key = hit.message?.id ?? hit.conversation.id;
              const here = shown === key && opened === hit.conversation.id;
              return <Row key={key} hit={hit} current={here} onOpen={() => setShown(key)} />;
            })}
          </ul>
          {found.more && (
            <button type="button" class="inbox-more" disabled={found.state === "asked"} onClick={() => void ask(found.cursor, found.hits)}>
              {say(found.state === "asked" ? "inbox.loading" : "inbox.more")}
            </button>
          )}
        </div>
      )}
    </>
  );
}

function Row({ hit: { conversation, message }, current, onOpen }: { hit: Hit; current: boolean; onOpen: () => void }) {
  const { desk, say, given } = useInbox();
  const at = message?.at ?? conversation.active_at;
  return (
    <li>
      <a
        href={given.urls.conversation.replace("CONVERSATION", conversation.id)}
        class="inbox-row"
        data-lc="hit"
        data-id={conversation.id}
        aria-current={current ? "true" : undefined}
        onClick={(event) => {
          if (event.metaKey || event.ctrlKey || event.shiftKey) return;
          event.preventDefault();
          onOpen();
          desk.open(conversation.id, message?.seq ?? undefined);
        }}
        onKeyDown={(event) => {
          const to = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key] as "nextElementSibling" | undefined;
          if (!to) return;
          event.preventDefault();
          (event.currentTarget.parentElement![to]?.firstElementChild as HTMLElement | undefined)?.focus();
        }}
      >
        <span class="inbox-row-top">
          <bdi class="inbox-name">{nameOf(conversation, say)}</bdi>
          <time class="inbox-time" dateTime={at}>{short(at, given.lang)}</time>
        </span>
        {message ? (
          <span class="inbox-snippet" dir="auto">
            {message.author.kind === "operator" && <b>{message.author.name ?? say("inbox.you")}: </b>}
            {message.snippet.map(([piece, marked], index) => (marked ? <mark key={index}>{piece}</mark> : piece))}
          </span>
        ) : (
          <span class="inbox-snippet" dir="auto">{conversation.visitor.email ?? conversation.last?.body ?? ""}</span>
        )}
        {conversation.status === "closed" && <span class="inbox-badges"><span class="badge">{say("inbox.status_closed")}</span></span>}
      </a>
    </li>
  );
}
