import { Manager } from "socket.io-client";
import { expect, test } from "vitest";
import { COMING_BACK } from "./backoff";

/** The pauses of `many` pages before their try after so many failures, by the library itself. */
function pauses(failures: number, many = 2_000): number[] {
  return Array.from({ length: many }, () => {
    const { backoff } = new Manager("http://127.0.0.1:9", { ...COMING_BACK, autoConnect: false }) as unknown as {
      backoff: { duration(): number };
    };
    for (let failed = 0; failed < failures; failed++) backoff.duration();
    return backoff.duration();
  });
}

test("a herd spreads over the whole pause, and no tenth of it gets much more than a tenth of the herd", () => {
  for (const failures of [0, 2, 4]) {
    const longest = 2 * COMING_BACK.reconnectionDelay * 2 ** failures;
    const tenths = new Array<number>(10).fill(0);
    for (const pause of pauses(failures)) tenths[Math.min(9, Math.floor((10 * pause) / longest))]! += 1;
    for (const share of tenths) expect(share / 2_000).toBeLessThan(failures === 4 ? 0.2 : 0.15);
    expect(tenths.filter((share) => share > 0).length).toBeGreaterThan(8);
  }
});

test("who failed often waits longer, but never longer than the longest", () => {
  const mean = (all: number[]) => all.reduce((sum, one) => sum + one, 0) / all.length;
  expect(mean(pauses(0))).toBeLessThan(mean(pauses(2)));
  expect(mean(pauses(2))).toBeLessThan(mean(pauses(5)));
  expect(Math.max(...pauses(12))).toBeLessThanOrEqual(COMING_BACK.reconnectionDelayMax);
});
