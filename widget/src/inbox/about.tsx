// The third column: who the visitor is, as far as is known.
import type { ComponentChildren } from "preact";
import type { Summary } from "../protocol";
import { Icon, nameOf, statusOf, useInbox } from "./context";
import { full } from "./duration";
import { EmailButton } from "./emailing";
import { BACK } from "./icons";
import { severalSites } from "./select";
import type { State } from "./state";

export function About({ state, summary, onBack }: { state: State; summary: Summary; onBack: () => void }) {
  const { say, given } = useInbox();
  const { visitor, contact, operator, rating } = summary;
  return (
    <aside class="inbox-about" data-lc="visitor" aria-label={say("inbox.about")}>
      <button type="button" class="button quiet only-icon inbox-about-back" aria-label={say("inbox.details_close")} onClick={onBack}>
        <Icon path={BACK} />
      </button>
      <h2><bdi>{nameOf(summary, say)}</bdi></h2>
      {!visitor.name && !visitor.email && <p class="inbox-anonymous">{say("inbox.about_anonymous")}</p>}
      {visitor.email && (
        <div class="inbox-address">
          <p><bdi>{visitor.email}</bdi></p>
          <p>
            {visitor.email_confirmed ? (
              <span class="badge good" data-lc="address-confirmed">{say("inbox.badge_confirmed")}</span>
            ) : (
              <span class="badge warn" data-lc="address-unconfirmed">{say("inbox.badge_unconfirmed")}</span>
            )}
          </p>
          <p class="inbox-about-links">
            <EmailButton summary={summary} onPress={onBack} />
          </p>
        </div>
      )}
      {contact && (
        <p class="inbox-about-links">
          <a href={given.urls.contact.replace("CONTACT", encodeURIComponent(contact))} data-lc="contact">{say("inbox.about_contact")}</a>
        </p>
      )}
      <dl>
        <Fact name={say("inbox.about_status")}>{statusOf(summary, say)}</Fact>
        <Fact name={say("inbox.about_operator")}>
          {operator ? (operator.id === state.me.id ? say("inbox.you") : operator.name) : say("inbox.about_nobody")}
        </Fact>
        {visitor.page && <Fact name={say("inbox.about_page")}><PageLink url={visitor.page} /></Fact>}
        <Fact name={say("inbox.about_language")}>{languageName(visitor.language, given.lang)}</Fact>
        {severalSites(state) && <Fact name={say("inbox.about_site")}>{summary.site.name}</Fact>}
        <Fact name={say("inbox.about_started")}>{full(summary.created_at, given.lang)}</Fact>
        {summary.last && <Fact name={say("inbox.about_last")}>{full(summary.last.at, given.lang)}</Fact>}
        {rating && (
          <Fact name={say("inbox.about_rating")}>
            <span class="inbox-stars">{say("inbox.about_stars", { count: rating.stars })}</span>
            {rating.comment && <q dir="auto">{rating.comment}</q>}
          </Fact>
        )}
      </dl>
    </aside>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** The page without its scheme; a link only where it is a web address. */
function PageLink({ url }: { url: string }) {
  let page: URL;
  try {
    page = new URL(url);
  } catch {
    return <bdi>{url}</bdi>;
  }
  if (page.protocol !== "https:" && page.protocol !== "http:") return <bdi>{url}</bdi>;
  return (
    <a href={page.href} target="_blank" rel="noopener noreferrer nofollow" dir="ltr">
      {page.host}
      {page.pathname === "/" ? "" : page.pathname}
    </a>
  );
}

function languageName(code: string, lang: string): string {
  try {
    return new Intl.DisplayNames([lang], { type: "language" }).of(code) ?? code;
  } catch {
    return code;
  }
}
