// What is asked before something is done to one conversation or to many: until when, which tags, to whom.
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { useInbox } from "./context";
import { choices, local } from "./later";
import type { Bulk } from "./lists";
import type { State } from "./state";
import { Transfer } from "./transfer";

export type Asked = "snooze" | "tag" | "assign";

/** A dialog with a title that closes by Escape, by its button and by a press beside it. */
export function Dialog({ title, onClose, children }: { title: string; onClose: () => void; children: ComponentChildren }) {
  const { say } = useInbox();
  const dialog = useRef<HTMLDialogElement>(null);
  // At once: what is typed next is meant for it.
  useLayoutEffect(() => void dialog.current!.showModal(), []);
  return (
    <dialog
      ref={dialog}
      class="inbox-keys inbox-dialog"
      aria-label={title}
      onClose={onClose}
      onClick={(event) => event.target === dialog.current && dialog.current?.close()}
    >
      <h2>{title}</h2>
      {children}
      <button type="button" class="button" onClick={() => dialog.current!.close()}>{say("inbox.cancel")}</button>
    </dialog>
  );
}

interface Props {
  asked: Asked;
  state: State;
  ids: string[];
  onClose: () => void;
}

/** Asks, does it, and says how many were changed. */
export function Ask({ asked, state, ids, onClose }: Props) {
  const { desk } = useInbox();
  const done = (what: Bulk) => {
    onClose();
    void desk.lists.bulk(ids, what);
  };
  if (asked === "snooze") return <Snooze state={state} ids={ids} onClose={onClose} done={done} />;
  if (asked === "tag") return <Tags state={state} ids={ids} onClose={onClose} done={done} />;
  const one = ids.length === 1 ? state.conversations[ids[0]!] : undefined;
  if (one && one.status !== "closed") return <Transfer state={state} summary={one} onClose={onClose} />;
  return <Assign state={state} ids={ids} onClose={onClose} done={done} />;
}

type Asking = Omit<Props, "asked"> & { done: (what: Bulk) => void };

function Snooze({ state, ids, onClose, done }: Asking) {
  const { say, given } = useInbox();
  const [now] = useState(() => new Date());
  const [at, setAt] = useState("");
  const when = new Intl.DateTimeFormat(given.lang, { weekday: "short", hour: "numeric", minute: "2-digit" });
  const aside = ids.some((id) => state.conversations[id]?.snoozed_until);
  const until = (moment: Date) => done({ action: "snooze", until: moment.toISOString() });
  return (
    <Dialog title={say("inbox.snooze_title")} onClose={onClose}>
      <p class="inbox-hint">{say("inbox.snooze_text")}</p>
      <div class="inbox-options">
        {choices(now).map(({ words, at: moment }) => (
          <button type="button" key={words} onClick={() => until(moment)}>
            {say(words)} <time dateTime={moment.toISOString()}>{when.format(moment)}</time>
          </button>
        ))}
        {aside && <button type="button" onClick={() => done({ action: "snooze", until: null })}>{say("inbox.snooze_back")}</button>}
      </div>
      <form
        class="inbox-inline"
        onSubmit={(event) => {
          event.preventDefault();
          if (at) until(new Date(at));
        }}
      >
        <label>
          {say("inbox.snooze_own")}
          <input type="datetime-local" required min={local(now)} value={at} onInput={(event) => setAt(event.currentTarget.value)} />
        </label>
        <button type="submit" class="button primary">{say("inbox.snooze")}</button>
      </form>
    </Dialog>
  );
}

function Tags({ state, ids, onClose, done }: Asking) {
  const { say } = useInbox();
  const field = useRef<HTMLInputElement>(null);
  const had = ids.map((id) => state.conversations[id]?.tags ?? []);
  const sites = new Set(ids.map((id) => state.conversations[id]?.site.key ?? ""));
  const known = [...new Set([...sites].flatMap((site) => state.lists.tags[site] ?? []).concat(...had))];
  const [on, setOn] = useState<Record<string, boolean>>({});
  const [text, setText] = useState("");
  useLayoutEffect(() => field.current?.focus(), []);
  const all = [...new Set([...known, ...Object.keys(on)])].sort((a, b) => a.localeCompare(b));
  const before = (tag: string) => had.length > 0 && had.every((tags) => tags.includes(tag));
  const isOn = (tag: string) => on[tag] ?? before(tag);
  const wanted = text.trim().slice(0, 40);
  const add = () => {
    const spelled = all.find((tag) => tag.toLowerCase() === wanted.toLowerCase()) ?? wanted;
    if (wanted) setOn({ ...on, [spelled]: true });
    setText("");
  };
  const shown = all.filter((tag) => tag.toLowerCase().includes(wanted.toLowerCase()));
  return (
    <Dialog title={say("inbox.tag_title")} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (wanted) return add();
          const chosen = Object.entries(on);
          done({
            action: "tag",
            add: chosen.filter(([, put]) => put).map(([tag]) => tag),
            remove: chosen.filter(([, put]) => !put).map(([tag]) => tag),
          });
        }}
      >
        <label class="inbox-field">
          {say("inbox.tag_name")}
          <input ref={field} type="text" maxLength={40} dir="auto" autocomplete="off" value={text} onInput={(event) => setText(event.currentTarget.value)} />
        </label>
        <div class="inbox-tags" role="group" aria-label={say("inbox.tags")}>
          {shown.map((tag) => (
            <label key={tag} class="inbox-check">
              <input type="checkbox" checked={isOn(tag)} onChange={(event) => setOn({ ...on, [tag]: event.currentTarget.checked })} />
              <bdi>{tag}</bdi>
            </label>
          ))}
          {shown.length === 0 && !wanted && <p class="inbox-hint">{say("inbox.tags_none")}</p>}
        </div>
        <button type="submit" class="button primary">{wanted ? say("inbox.tag_add", { tag: wanted }) : say("inbox.tag_save")}</button>
      </form>
    </Dialog>
  );
}

function Assign({ state, onClose, done }: Asking) {
  const { say } = useInbox();
  return (
    <Dialog title={say("inbox.assign")} onClose={onClose}>
      <div class="inbox-options">
        {state.operators.map(({ id, name, here, available }) => (
          <button type="button" key={id} onClick={() => done({ action: "assign", operator: id })}>
            <bdi>{id === state.me.id ? say("inbox.assign_me") : say(here && available ? "inbox.assign_here" : "inbox.assign_away", { name })}</bdi>
          </button>
        ))}
      </div>
    </Dialog>
  );
}
