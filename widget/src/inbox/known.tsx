// What the service knows of the visitor of a conversation: pages, device, answers, what went before, the contact.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { clockTime } from "../chat/when";
import type { Known, PageSeen, Person, Summary } from "../protocol";
import { useInbox } from "./context";
import { full, short } from "./duration";
import { Fact, PageLink, zoned } from "./facts";

const PAGES_SHOWN = 5;

/** Asks for what is known, again when something of it changed; null while there is no answer. */
export function useKnown({ id, visitor, contact, status, verified }: Summary, connected: boolean): Known | null {
  const { desk } = useInbox();
  const [known, setKnown] = useState<{ of: string; known: Known } | null>(null);
  const [asked, setAsked] = useState(0);
  useEffect(() => {
    let current = true;
    if (connected) {
      void desk.ask<Known>("about", { conversation: id }).then((answer) => {
        if (current && answer.ok) setKnown({ of: id, known: answer });
      });
    }
    return () => void (current = false);
  }, [id, contact, verified, status, visitor.id, visitor.email, connected, asked]);
  useEffect(() => {
    const again = (said: { id: string }) => said.id === visitor.id && setAsked((times) => times + 1);
    const ends = [desk.hear<Person>("person", again), desk.hear<{ id: string }>("gone", again)];
    return () => ends.forEach((end) => end());
  }, [visitor.id]);
  return known?.of === id ? known.known : null;
}

export function Sections({ known }: { known: Known }) {
  return (
    <>
      <Answers known={known} />
      <Here known={known} />
      <Pages known={known} />
      <Former known={known} />
      <Contact known={known} />
    </>
  );
}

function Section({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="inbox-known">
      <h3>{title}</h3>
      {children}
    </section>
  );
}

function Answers({ known: { answers } }: { known: Known }) {
  const { say } = useInbox();
  if (answers.length === 0) return null;
  return (
    <Section title={say("inbox.about_answers")}>
      <dl data-lc="answers">
        {answers.map(({ label, value }) => (
          <Fact key={label} name={<bdi>{label}</bdi>}><bdi>{value}</bdi></Fact>
        ))}
      </dl>
    </Section>
  );
}

/** Where the visitor is in the world and in their day. */
function Here({ known }: { known: Known }) {
  const { say, given } = useInbox();
  const { timezone, device, visits, referrer, utm } = known;
  const campaign = Object.values(utm);
  return (
    <dl>
      {timezone && <Fact name={say("inbox.about_local_time")}><LocalTime timezone={timezone} lang={given.lang} /></Fact>}
      {device && <Fact name={say("inbox.about_device")}><bdi>{device}</bdi></Fact>}
      {visits > 0 && <Fact name={say("inbox.about_visits")}>{visits.toLocaleString(given.lang)}</Fact>}
      {referrer && <Fact name={say("inbox.about_referrer")}><PageLink url={referrer} /></Fact>}
      {campaign.length > 0 && <Fact name={say("inbox.about_campaign")}><bdi>{campaign.join(" · ")}</bdi></Fact>}
    </dl>
  );
}

function LocalTime({ timezone, lang }: { timezone: string; lang: string }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 10_000);
    return () => clearInterval(timer);
  }, []);
  return <time data-lc="local-time">{zoned(now, timezone, lang)}</time>;
}

function Pages({ known: { page, pages } }: { known: Known }) {
  const { say, given } = useInbox();
  const [all, setAll] = useState(false);
  const before = page && pages[0]?.url === page.url ? pages.slice(1) : pages;
  if (!page && before.length === 0) return null;
  const shown = all ? before : before.slice(0, PAGES_SHOWN);
  return (
    <Section title={say("inbox.about_pages")}>
      <ol class="inbox-pages" data-lc="pages">
        {page && <PageRow key="now" page={page} when={say("inbox.about_page_now")} now />}
        {shown.map((each) => <PageRow key={each.at + each.url} page={each} when={short(each.at, given.lang)} />)}
      </ol>
      {shown.length < before.length && (
        <button type="button" class="button small quiet" onClick={() => setAll(true)}>
          {say("inbox.about_pages_all", { count: before.length })}
        </button>
      )}
    </Section>
  );
}

function PageRow({ page, when, now }: { page: PageSeen; when: string; now?: boolean }) {
  const { given } = useInbox();
  return (
    <li data-now={now || undefined} title={full(page.at, given.lang)}>
      {page.title && <bdi>{page.title}</bdi>}
      <PageLink url={page.url} />
      <time dateTime={page.at}>{now ? `${when} · ${clockTime(page.at, given.lang)}` : when}</time>
    </li>
  );
}

function Former({ known: { conversations } }: { known: Known }) {
  const { desk, say, given } = useInbox();
  if (conversations.length === 0) return null;
  return (
    <Section title={say("inbox.about_former")}>
      <ul class="inbox-former" data-lc="former">
        {conversations.map(({ id, at, status, subject, begins }) => (
          <li key={id}>
            <button type="button" onClick={() => desk.open(id)}>
              <span>{full(at, given.lang)} · {say(`inbox.status_${status}`)}</span>
              <bdi dir="auto">{subject || begins || "…"}</bdi>
            </button>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Contact({ known: { contact } }: { known: Known }) {
  const { say, given } = useInbox();
  if (!contact) return null;
  const { id, name, email, phone, consents, submissions = [] } = contact;
  return (
    <Section title={say("inbox.about_contact_title")}>
      <p><bdi>{name || email}</bdi>{name && <><br /><bdi>{email}</bdi></>}{phone && <><br /><bdi dir="ltr">{phone}</bdi></>}</p>
      {consents.length > 0 && (
        <ul class="inbox-consents" data-lc="consents">
          {consents.map(({ purpose, statement, action, at, holds }) => (
            <li key={at + purpose + action} title={statement}>
              <span class={`badge ${holds ? "good" : "plain"}`}>
                {say(holds ? "inbox.consent_holds" : action === "withdraw" ? "inbox.consent_withdrawn" : "inbox.consent_past")}
              </span>{" "}
              <bdi>{purpose}</bdi> <time dateTime={at}>{short(at, given.lang)}</time>
            </li>
          ))}
        </ul>
      )}
      {submissions.length > 0 && (
        <ul class="inbox-consents" data-lc="submissions">
          {submissions.map(({ title, at }) => (
            <li key={at + title}><bdi>{title}</bdi> <time dateTime={at}>{short(at, given.lang)}</time></li>
          ))}
        </ul>
      )}
      <p class="inbox-about-links">
        <a href={given.urls.contact.replace("CONTACT", encodeURIComponent(id))} data-lc="contact">{say("inbox.about_contact")}</a>
      </p>
    </Section>
  );
}
