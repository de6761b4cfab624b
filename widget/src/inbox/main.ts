// The inbox's page: reads what the server handed over, starts the desk, keeps address, title and sounds in step.
import { h, render } from "preact";
import { showCount } from "../console/count";
import { words } from "../i18n/words";
import type { Escalation } from "../protocol";
import { alerts as newAlerts } from "./alerts";
import { App } from "./app";
import { InboxContext, nameOf, type Given, type InboxWords } from "./context";
import { desk as newDesk } from "./desk";
import { load } from "./keep";
import { concerns, heard, REPEAT_MS, rings } from "./ringing";
import { calling } from "./select";
import { initial, type Mention } from "./state";

const root = document.querySelector<HTMLElement>("[data-inbox]")!;
const given = JSON.parse(document.getElementById("inbox-given")!.textContent!) as Given;
const say: InboxWords = words(given.strings);
const alerts = newAlerts();
const desk = newDesk(initial(given.operator, given.opened, load(given.operator.id)), { url: given.urls.files, csrf: given.csrf });

const addressOf = (opened: string | null) =>
  opened ? given.urls.conversation.replace("CONVERSATION", encodeURIComponent(opened)) : given.urls.inbox;

const ADDRESS_MS = 200;
let shown = given.opened;
let addressing: ReturnType<typeof setTimeout> | undefined;
desk.subscribe(() => {
  const { opened, conversations, me } = desk.state();
  showCount(calling(Object.values(conversations), me.id));
  if (opened === shown) return;
  // From the queue into a conversation is a step that "back" undoes; from one conversation to the next is not.
  if (shown === null) history.pushState({ opened }, "", addressOf(opened));
  // Browsers refuse an address that changes with every press of a key that is held down.
  else addressing ??= setTimeout(() => {
    addressing = undefined;
    history.replaceState({ opened: shown }, "", addressOf(shown));
  }, ADDRESS_MS);
  shown = opened;
});
history.replaceState({ opened: given.opened }, "");
addEventListener("popstate", ({ state }: PopStateEvent) => {
  const opened = (state as { opened?: string | null } | null)?.opened ?? null;
  shown = opened;
  desk.open(opened);
});

const watched = () => !document.hidden && document.hasFocus();
desk.hear<Mention>("mention", ({ conversation, by, body }) => {
  if (conversation === desk.state().opened && watched()) return;
  void alerts.ring();
  if (!watched()) alerts.notify(say("inbox.mention_by", { name: by }), body, conversation, () => desk.open(conversation));
});

desk.onNews((summaries) => {
  const { opened, me } = desk.state();
  const unheard = summaries.filter((summary) => heard(summary, me) && !(summary.id === opened && watched()));
  if (unheard.length === 0) return;
  void alerts.ring();
  if (watched()) return;
  for (const summary of unheard) {
    const name = nameOf(summary, say);
    const title = say(summary.status === "waiting" ? "inbox.notify_new" : "inbox.notify_line", { name });
    alerts.notify(title, summary.last?.body ?? "", summary.id, () => desk.open(summary.id));
  }
});
desk.hear<Escalation>("escalation", ({ conversation }) => {
  const { conversations, me } = desk.state();
  const summary = conversations[conversation];
  if (summary && !concerns(summary, me.id)) return;
  void alerts.ring("loud");
  const title = say("inbox.notify_long", { name: summary ? nameOf(summary, say) : say("inbox.visitor") });
  alerts.notify(title, summary?.last?.body ?? "", conversation, () => desk.open(conversation), true);
});
setInterval(() => {
  const { conversations, me } = desk.state();
  if (Object.values(conversations).some((summary) => rings(summary, me))) void alerts.ring("again");
}, REPEAT_MS);

root.replaceChildren();
render(h(InboxContext.Provider, { value: { desk, say, alerts, given } }, h(App, null)), root);
