// Whether somebody sits at this page: it answers the service's beats, and says when nobody has touched it for long.
// The service puts together what all pages and devices of an operator say.
import type { Socket } from "socket.io-client";
import type { Presence } from "../protocol";

const TOUCHES = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"];

/** The decisions: what `touched` and `looked` come back with says whether it is news. */
export function sitting(now = () => Date.now()) {
  let touchedAt = now();
  let after: number | null = null; // seconds
  let idle = false;
  return {
    /** Nobody has touched the page for long. */
    idle: () => idle,
    /** The seconds without a touch after which it is idle; null: never. */
    idleAfter(seconds: number | null): void {
      after = seconds;
    },
    touched(): boolean {
      touchedAt = now();
      const came = idle;
      idle = false;
      return came;
    },
    looked(): boolean {
      if (idle || after === null || now() - touchedAt < after * 1000) return false;
      return (idle = true);
    },
  };
}

export type Sitting = ReturnType<typeof sitting>;

/** What a connection brings: after a night without touches a page that connects again does not count as attended. */
export const introduction = (someone: Sitting) => (give: (auth: object) => void) => give({ idle: someone.idle() });

/** Answer beats over the operator's socket, and tell what changes. The beat is the clock, for a hidden page's timers
 *  stand still; what comes in is heard all the same. */
export function attend(socket: Socket, someone: Sitting): void {
  const tell = () => void (socket.connected && socket.emit("idle", { idle: someone.idle() }, () => {}));
  socket.on("presence", ({ idle_after }: Presence) => someone.idleAfter(idle_after));
  socket.on("beat", (_nothing: object, answer: () => void) => {
    answer();
    if (someone.looked()) tell();
  });
  const touched = () => {
    if (someone.touched()) tell();
  };
  for (const touch of TOUCHES) addEventListener(touch, touched, { passive: true, capture: true });
}
