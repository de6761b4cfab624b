// On every page of the console: keeps the operator there for visitors while any page is open, and shows how many
// conversations call. The inbox has a socket of its own, so this one stays away from it.
import { io } from "socket.io-client";
import { callsFor } from "../inbox/select";
import type { Presence, Queue, Summary } from "../protocol";
import { copyButtons } from "./copy";
import { showCount } from "./count";

copyButtons();
document.querySelector("[data-print]")?.addEventListener("click", () => print());

if (!document.querySelector("[data-inbox]")) {
  const calling = new Map<string, Summary>();
  let me = "";
  const show = () => showCount([...calling.values()].filter((summary) => callsFor(summary, me)).length);

  const socket = io("/operator", { transports: ["websocket"], reconnectionDelayMax: 10_000 });
  socket.on("presence", (presence: Presence) => {
    me = presence.me.id;
    show();
  });
  socket.on("queue", (queue: Queue) => {
    calling.clear();
    for (const summary of queue.conversations) calling.set(summary.id, summary);
    show();
  });
  socket.on("conversation", (summary: Summary) => {
    if (summary.status === "closed") calling.delete(summary.id);
    else calling.set(summary.id, summary);
    show();
  });
}
