// On every page of the console: keeps the operator there for visitors while any page is open, shows how many
// conversations call, and lets them be heard. The inbox has a socket of its own, so this one stays away from it.
import { io } from "socket.io-client";
import { COMING_BACK } from "../chat/backoff";
import { alerts as newAlerts } from "../inbox/alerts";
import { concerns, heard, REPEAT_MS, rings } from "../inbox/ringing";
import { callsFor } from "../inbox/select";
import { attend, introduction, sitting } from "../inbox/sitting";
import type { Escalation, Presence, Queue, Summary } from "../protocol";
import { copyButtons } from "./copy";
import { showCount } from "./count";

copyButtons();
document.querySelector("[data-print]")?.addEventListener("click", () => print());

if (!document.querySelector("[data-inbox]")) {
  const calling = new Map<string, Summary>();
  const alerts = newAlerts();
  const waits = document.querySelector<HTMLElement>("[data-waits]")?.dataset.waits ?? "";
  let me = { id: "", available: false };
  const show = () => showCount([...calling.values()].filter((summary) => callsFor(summary, me.id)).length);
  const notify = (conversation: string, urgent: boolean) =>
    alerts.notify(
      waits, calling.get(conversation)?.last?.body ?? "", conversation, () => location.assign(`/console/inbox/${conversation}`), urgent,
    );

  const someone = sitting();
  const socket = io("/operator", { transports: ["websocket"], ...COMING_BACK, auth: introduction(someone) });
  attend(socket, someone);
  socket.on("presence", (presence: Presence) => {
    me = presence.me;
    show();
  });
  socket.on("queue", (queue: Queue) => {
    calling.clear();
    for (const summary of queue.conversations) calling.set(summary.id, summary);
    show();
  });
  socket.on("conversation", (summary: Summary) => {
    const waited = calling.get(summary.id)?.status === "waiting";
    if (summary.status === "closed") calling.delete(summary.id);
    else calling.set(summary.id, summary);
    show();
    if (waited || summary.status !== "waiting" || !heard(summary, me)) return;
    void alerts.ring();
    if (document.hidden) notify(summary.id, false);
  });
  socket.on("escalation", ({ conversation }: Escalation) => {
    const summary = calling.get(conversation);
    if (summary && !concerns(summary, me.id)) return;
    void alerts.ring("loud");
    notify(conversation, true);
  });
  setInterval(() => {
    if ([...calling.values()].some((summary) => rings(summary, me))) void alerts.ring("again");
  }, REPEAT_MS);
}
