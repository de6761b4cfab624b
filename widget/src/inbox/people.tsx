// Who is on the site now: those who chat, and those who agreed to be seen.
import { useEffect, useRef, useState } from "preact/hooks";
import { MESSAGE_LIMIT, type Person, type Stored } from "../protocol";
import { randomId } from "../random";
import { Icon, useInbox, Waited } from "./context";
import { PageLink } from "./facts";
import { PERSON } from "./icons";
import { useMenu } from "./menu";
import { severalSites } from "./select";
import type { State } from "./state";

type People = ReadonlyMap<string, Person>;

/** Everybody there, kept true by what the service tells; asked for anew after each connection. */
function usePeople(connected: boolean): People {
  const { desk } = useInbox();
  const [people, setPeople] = useState<People>(new Map());
  useEffect(() => {
    if (!connected) return;
    const change = (to: (next: Map<string, Person>) => unknown) =>
      setPeople((before) => {
        const next = new Map(before);
        to(next);
        return next;
      });
    const ends = [
      desk.hear<Person>("person", (person) => change((next) => next.set(person.id, person))),
      desk.hear<{ id: string }>("gone", ({ id }) => change((next) => next.delete(id))),
    ];
    void desk.ask<{ people: Person[] }>("people", {}).then((answer) => {
      if (answer.ok) setPeople(new Map(answer.people.map((person) => [person.id, person])));
    });
    return () => ends.forEach((end) => end());
  }, [connected]);
  return people;
}

/** A count in the bar, and the list behind it. */
export function People({ state }: { state: State }) {
  const { desk, say, given } = useInbox();
  const people = usePeople(state.link === "up");
  const { leave, props } = useMenu(true);
  const here = [...people.values()].sort((one, other) => other.page.at.localeCompare(one.page.at));
  const label = here.length ? say("inbox.people_count", { count: here.length }) : say("inbox.people");
  const open = (conversation: string) => {
    leave();
    desk.open(conversation);
  };
  return (
    <details
      class="inbox-menu"
      data-lc="people"
      {...props}
    >
      <summary class="button quiet only-icon" aria-label={label} title={label}>
        <Icon path={PERSON} />
        {here.length > 0 && <span class="inbox-menu-count inbox-people-count" aria-hidden="true">{here.length.toLocaleString(given.lang)}</span>}
      </summary>
      <div class="inbox-menu-list inbox-people">
        <h3>{say("inbox.people")}</h3>
        {here.length === 0 && <p>{say("inbox.people_none")}</p>}
        <ul>
          {here.map((person) => (
            <li key={person.id} data-lc="person" data-id={person.id}>
              <p>
                <b><bdi>{person.name || `${say("inbox.visitor")} ${person.id.slice(-4)}`}</bdi></b>
                {person.verified && <> <span class="badge good">{say("inbox.about_verified")}</span></>}
                {severalSites(state) && <> · <bdi>{person.site.name}</bdi></>}
              </p>
              <p class="inbox-people-page"><bdi>{person.page.title}</bdi> <PageLink url={person.page.url} /></p>
              <p class="inbox-people-about">
                <Waited since={person.page.at} />
                {person.device && <> · <bdi>{person.device}</bdi></>}
                {person.tabs > 1 && <> · {say("inbox.people_tabs", { count: person.tabs })}</>}
              </p>
              {person.conversation ? (
                <button type="button" class="button small" onClick={() => open(person.conversation!)}>{say("inbox.people_chats")}</button>
              ) : (
                <Approach person={person} onDone={open} />
              )}
            </li>
          ))}
        </ul>
      </div>
    </details>
  );
}

/** The first words to somebody who has said nothing: they stand beside the launcher there and open nothing. */
function Approach({ person, onDone }: { person: Person; onDone: (conversation: string) => void }) {
  const { desk, say } = useInbox();
  const [body, setBody] = useState<string | null>(null);
  const [failed, setFailed] = useState("");
  const clientId = useRef(randomId());
  if (body === null) {
    return <button type="button" class="button small" onClick={() => setBody("")}>{say("inbox.approach")}</button>;
  }
  async function send(event: Event): Promise<void> {
    event.preventDefault();
    if (!body!.trim()) return;
    const words = { visitor: person.id, client_id: clientId.current, body };
    const answer = await desk.ask<Stored>("approach", words);
    if (answer.ok) onDone(answer.conversation);
    else setFailed(answer.error.message || say("inbox.approach_failed"));
  }
  return (
    <form class="inbox-approach" onSubmit={(event) => void send(event)}>
      <textarea
        class="input"
        rows={2}
        maxLength={MESSAGE_LIMIT}
        dir="auto"
        data-lc="approach"
        aria-label={say("inbox.approach_label")}
        ref={(field) => void (field && !body && field.focus())}
        value={body}
        onInput={({ currentTarget }) => setBody(currentTarget.value)}
      />
      {failed && <p class="problem" role="alert">{failed}</p>}
      <button type="submit" class="button small primary">{say("inbox.approach_send")}</button>
    </form>
  );
}
