// The views: those one lives in with their counts, the others behind a menu, and a filter by hand that can be saved.
import { useState } from "preact/hooks";
import { Icon, useInbox } from "./context";
import { Dialog } from "./dialogs";
import { BY_HAND, ORDER, type BuiltIn, type Filter } from "./filters";
import { CROSS, DOWN, SIEVE } from "./icons";
import { useMenu } from "./menu";
import type { State } from "./state";

const FIRST: BuiltIn[] = ["open", "mine", "unassigned"];
const MANY = 999;

export function Views({ state }: { state: State }) {
  const { desk, say } = useInbox();
  const [asking, setAsking] = useState(false);
  const { leave, props } = useMenu();
  const { lists } = state;
  // What asks for a decision is shown while there is something to decide.
  const asks = (["missed", "held"] as const).filter((view) => (lists.counts[view] ?? 0) > 0 || lists.view === view);
  const shown = [...FIRST, ...asks];
  const others = ORDER.filter((view) => !shown.includes(view));
  const saved = lists.views.find(({ id }) => id === lists.view);
  const other = others.find((view) => view === lists.view);
  const choose = (view: string) => {
    leave();
    desk.lists.view(view);
  };
  const button = (view: string, name: string) => (
    <button type="button" key={view} data-view={view} aria-pressed={lists.view === view} onClick={() => choose(view)}>
      <bdi>{name}</bdi>
      <Count count={lists.counts[view]} />
    </button>
  );
  return (
    <>
      <div class="inbox-filters" role="group" aria-label={say("inbox.views")}>
        {shown.map((view) => button(view, say(`inbox.view_${view}`)))}
        <details
          class="inbox-menu inbox-views"
          data-lc="views"
          {...props}
        >
          <summary data-pressed={other || saved ? true : undefined} title={say("inbox.views_more")}>
            <bdi>{saved?.name ?? (other ? say(`inbox.view_${other}`) : say("inbox.views_more"))}</bdi>
            <Icon path={DOWN} />
          </summary>
          <div class="inbox-menu-list">
            {others.map((view) => button(view, say(`inbox.view_${view}`)))}
            {lists.views.length > 0 && <h3>{say("inbox.views_saved")}</h3>}
            {lists.views.map(({ id, name, shared }) => (
              <div key={id} class="inbox-saved">
                {button(id, name)}
                <button
                  type="button"
                  class="button quiet only-icon"
                  aria-label={say("inbox.view_drop", { name })}
                  title={say(shared ? "inbox.view_shared" : "inbox.view_own")}
                  onClick={() => {
                    if (!confirm(say(shared ? "inbox.view_drop_shared" : "inbox.view_drop_own", { name }))) return;
                    void desk.lists.drop(id).then((done) => done && lists.view === id && desk.lists.view("open"));
                  }}
                >
                  <Icon path={CROSS} />
                </button>
              </div>
            ))}
            <button type="button" data-lc="filter" onClick={() => (leave(), setAsking(true))}>
              <Icon path={SIEVE} /> {say("inbox.filter")}
            </button>
          </div>
        </details>
      </div>
      {(lists.view === BY_HAND || saved) && (
        <p class="inbox-filtered">
          <span>{saved ? <bdi>{saved.name}</bdi> : say("inbox.filtered")}</span>
          <button type="button" class="link-button" onClick={() => setAsking(true)}>{say("inbox.filter_change")}</button>
          <button type="button" class="link-button" onClick={() => desk.lists.view("open")}>{say("inbox.filter_clear")}</button>
        </p>
      )}
      {asking && <Sieve state={state} onClose={() => setAsking(false)} />}
    </>
  );
}

function Count({ count }: { count: number | undefined }) {
  return count ? <span class="inbox-number">{count > MANY ? `${MANY}+` : count}</span> : null;
}

function Sieve({ state, onClose }: { state: State; onClose: () => void }) {
  const { desk, say, given } = useInbox();
  const { lists } = state;
  const [filter, setFilter] = useState<Filter>(lists.filter);
  const [name, setName] = useState("");
  const [shared, setShared] = useState(false);
  const [problem, setProblem] = useState("");
  const set = (change: Partial<Filter>) => setFilter({ ...filter, ...change });
  const tags = [...new Set(Object.values(lists.tags).flat())].sort((a, b) => a.localeCompare(b));
  const summaries = Object.values(state.conversations);
  const sites = [...new Map(summaries.map(({ site }) => [site.key, site.name]))];
  const tongues = new Intl.DisplayNames(given.lang, { type: "language" });
  const languages = [...new Set(summaries.map(({ visitor }) => visitor.language))].sort();
  const choice = (label: string, value: string, options: [string, string][], change: (value: string) => void) => (
    <label class="inbox-field">
      {label}
      <select value={value} onChange={(event) => change(event.currentTarget.value)}>
        {options.map(([key, text]) => <option key={key} value={key}>{text}</option>)}
      </select>
    </label>
  );
  const any: [string, string] = ["", say("inbox.filter_any")];
  const flag = (key: "unread" | "missed" | "rated", text: string) => (
    <label class="inbox-check">
      <input type="checkbox" checked={!!filter[key]} onChange={(event) => set({ [key]: event.currentTarget.checked })} />
      {text}
    </label>
  );
  return (
    <Dialog title={say("inbox.filter_title")} onClose={onClose}>
      <form
        class="inbox-sieve"
        onSubmit={(event) => {
          event.preventDefault();
          desk.lists.view(BY_HAND, filter);
          if (!name.trim()) return onClose();
          void desk.lists.save(name.trim(), shared).then((answer) => (answer.ok ? onClose() : setProblem(answer.error.message || say("inbox.notice_failed"))));
        }}
      >
        {choice(say("inbox.filter_where"), filter.where ?? "open", [
          ["open", say("inbox.view_open")], ["snoozed", say("inbox.view_snoozed")], ["closed", say("inbox.view_closed")], ["held", say("inbox.view_held")], ["all", say("inbox.filter_all")],
        ], (where) => set({ where: where as Filter["where"] }))}
        {choice(say("inbox.filter_status"), filter.statuses?.[0] ?? "", [
          any, ["waiting", say("inbox.status_waiting")], ["active", say("inbox.status_active")], ["unanswered", say("inbox.status_unanswered")],
        ], (status) => set({ statuses: status ? [status as "waiting"] : [] }))}
        {choice(say("inbox.filter_operator"), filter.operator ?? "", [
          any, ["me", say("inbox.view_mine")], ["none", say("inbox.view_unassigned")],
          ...state.operators.filter(({ id }) => id !== state.me.id).map(({ id, name }): [string, string] => [id, name]),
        ], (operator) => set({ operator }))}
        {tags.length > 0 && choice(say("inbox.tag"), filter.tag ?? "", [any, ...tags.map((tag): [string, string] => [tag, tag])], (tag) => set({ tag }))}
        {sites.length > 1 && choice(say("inbox.about_site"), filter.site ?? "", [any, ...sites], (site) => set({ site }))}
        {choice(say("inbox.about_language"), filter.language ?? "", [any, ...languages.map((code): [string, string] => [code, tongues.of(code) ?? code])], (language) => set({ language }))}
        {choice(say("inbox.filter_kind"), filter.kind ?? "", [any, ["chat", say("inbox.kind_chat")], ["question", say("inbox.badge_question")]], (kind) =>
          set({ kind: (kind || undefined) as Filter["kind"] }))}
        <label class="inbox-field">
          {say("inbox.filter_since")}
          <input type="date" value={dateOf(filter.since)} onInput={(event) => set({ since: moment(event.currentTarget.value, 0) })} />
        </label>
        <label class="inbox-field">
          {say("inbox.filter_until")}
          <input type="date" value={dateOf(filter.until, -1)} onInput={(event) => set({ until: moment(event.currentTarget.value, 1) })} />
        </label>
        <div class="inbox-checks">
          {flag("unread", say("inbox.filter_unread"))}
          {flag("missed", say("inbox.filter_missed"))}
          {flag("rated", say("inbox.filter_rated"))}
        </div>
        <label class="inbox-field">
          {say("inbox.filter_name")}
          <input type="text" maxLength={60} dir="auto" value={name} onInput={(event) => setName(event.currentTarget.value)} />
        </label>
        {name.trim() && (
          <label class="inbox-check">
            <input type="checkbox" checked={shared} onChange={(event) => setShared(event.currentTarget.checked)} />
            {say("inbox.filter_shared")}
          </label>
        )}
        {problem && <p class="inbox-limit" role="alert">{problem}</p>}
        <button type="submit" class="button primary">{say(name.trim() ? "inbox.filter_save" : "inbox.filter_show")}</button>
      </form>
    </Dialog>
  );
}

/** The beginning of a day in the operator's own time, so many days later; nothing for no date. */
function moment(date: string, days: number): string | undefined {
  if (!date) return undefined;
  const [year, month, day] = date.split("-").map(Number) as [number, number, number];
  return new Date(year, month - 1, day + days).toISOString();
}

function dateOf(at: string | undefined, days = 0): string {
  if (!at) return "";
  const day = new Date(at);
  day.setDate(day.getDate() + days);
  return `${day.getFullYear()}-${String(day.getMonth() + 1).padStart(2, "0")}-${String(day.getDate()).padStart(2, "0")}`;
}
