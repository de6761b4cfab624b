import { FORWARD } from "../icons";
import type { SiteConfig } from "../protocol";
import type { Desk } from "./desk";
import { Icon } from "./Icon";

type Offer = SiteConfig["forms"][number];

/** The forms that are offered beside the chat. */
export const offers = ({ config }: Desk): Offer[] => config.forms.filter(({ menu }) => menu);

/** One button a form; `without` leaves out the form that already stands in the chat. */
export function Menu({ desk, without }: { desk: Desk; without?: string | null }) {
  const shown = offers(desk).filter(({ slug }) => slug !== without);
  if (shown.length === 0) return null;
  return (
    <ul class="menu" data-lc="menu">
      {shown.map(({ slug, title }) => (
        <li key={slug}>
          <button type="button" class="offer" data-lc="offer" data-slug={slug} onClick={() => desk.show({ kind: "form", slug })}>
            <span dir="auto">{title}</span>
            <Icon path={FORWARD} />
          </button>
        </li>
      ))}
    </ul>
  );
}
