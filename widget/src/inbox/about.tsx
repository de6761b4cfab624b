// The third column: who the visitor is, as far as is known.
import type { Summary } from "../protocol";
import { Icon, nameOf, statusOf, useInbox } from "./context";
import { full } from "./duration";
import { EmailButton } from "./emailing";
import { Fact, languageName, PageLink } from "./facts";
import { BACK } from "./icons";
import { Sections, useKnown } from "./known";
import { severalSites } from "./select";
import type { State } from "./state";

export function About({ state, summary, onBack }: { state: State; summary: Summary; onBack: () => void }) {
  const { say, given } = useInbox();
  const { visitor, contact, operator, rating, tags } = summary;
  const known = useKnown(summary, state.link === "up");
  return (
    <aside class="inbox-about" data-lc="visitor" aria-label={say("inbox.about")}>
      <button type="button" class="button quiet only-icon inbox-about-back" aria-label={say("inbox.details_close")} onClick={onBack}>
        <Icon path={BACK} />
      </button>
      <h2><bdi>{nameOf(summary, say)}</bdi></h2>
      {known?.verified && (
        <p class="inbox-verified" data-lc="verified">
          <span class="badge good">{say("inbox.about_verified")}</span> <bdi>{known.verified.user_id}</bdi>
          {known.verified.email && <><br /><bdi>{known.verified.email}</bdi></>}
        </p>
      )}
      {known?.blocked_until && <p><span class="badge bad">{say("inbox.badge_blocked")}</span></p>}
      {!visitor.name && !visitor.email && !known?.verified && <p class="inbox-anonymous">{say("inbox.about_anonymous")}</p>}
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
      {contact && !known?.contact && (
        <p class="inbox-about-links">
          <a href={given.urls.contact.replace("CONTACT", encodeURIComponent(contact))} data-lc="contact">{say("inbox.about_contact")}</a>
        </p>
      )}
      <dl>
        <Fact name={say("inbox.about_status")}>{statusOf(summary, say)}</Fact>
        <Fact name={say("inbox.about_operator")}>
          {operator ? (operator.id === state.me.id ? say("inbox.you") : operator.name) : say("inbox.about_nobody")}
        </Fact>
        {tags.length > 0 && <Fact name={say("inbox.about_tags")}><bdi>{tags.join(", ")}</bdi></Fact>}
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
      {known && <Sections known={known} />}
    </aside>
  );
}
