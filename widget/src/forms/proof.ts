// The proof of work that the service asks of a browser before a form is sent (ALTCHA v1): find the number whose
// salted SHA-256 is the challenge. Cheap for one person, dear for a program that sends thousands.
import type { Challenge } from "../protocol";

const AT_ONCE = 200;
const ROOM_MS = 8;

const hex = (bytes: ArrayBuffer) => Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Whether the time written into a challenge's salt is over, or will be within `margin` seconds. */
export function isStale({ salt }: Challenge, now = Date.now(), margin = 15): boolean {
  const expires = Number(/[?&]expires=(\d+)/.exec(salt)?.[1] ?? 0);
  return expires > 0 && expires - margin < now / 1000;
}

/** The form field's value (base64 of JSON), or null where this browser cannot work it out: no WebCrypto outside https. */
export async function solve(challenge: Challenge, signal?: AbortSignal): Promise<string | null> {
  if (!globalThis.crypto?.subtle) return null;
  const encoder = new TextEncoder();
  const digest = async (number: number) =>
    hex(await crypto.subtle.digest(challenge.algorithm, encoder.encode(challenge.salt + number)));
  let pause = performance.now();
  for (let first = 0; first <= challenge.maxnumber; first += AT_ONCE) {
    const length = Math.min(AT_ONCE, challenge.maxnumber - first + 1);
    const hashes = await Promise.all(Array.from({ length }, (_, index) => digest(first + index)));
    const index = hashes.indexOf(challenge.challenge);
    if (index >= 0) {
      const { algorithm, challenge: hash, salt, signature } = challenge;
      return btoa(JSON.stringify({ algorithm, challenge: hash, number: first + index, salt, signature }));
    }
    if (signal?.aborted) return null;
    if (performance.now() - pause > ROOM_MS) {
      await new Promise((resolve) => setTimeout(resolve));
      pause = performance.now();
    }
  }
  return null;
}
