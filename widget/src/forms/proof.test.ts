// What the service asks is what the official ALTCHA client solves, and what our own solver answers is what the official
// library takes. The vectors are challenges of the service's own making; a test of the service takes their solutions.
import { createChallenge, solveChallenge, verifySolution } from "altcha-lib/v1";
import { describe, expect, it } from "vitest";
import vectors from "../../../tests/forms/challenge_vectors.json";
import type { Challenge } from "../protocol";
import { isStale, solve } from "./proof";

const payload = (text: string | null) => JSON.parse(atob(text ?? "")) as Record<string, unknown>;

describe("a challenge of the service", () => {
  for (const { challenge, number } of vectors.challenges) {
    it("is solved by the official library", async () => {
      const { promise } = solveChallenge(challenge.challenge, challenge.salt, challenge.algorithm, challenge.maxnumber);
      expect((await promise)?.number).toBe(number);
    });

    it("is solved by ours, to the same payload", async () => {
      const { maxnumber: _, ...signed } = challenge;
      expect(payload(await solve(challenge as Challenge))).toEqual({ ...signed, number });
    });
  }
});

describe("our solver", () => {
  it("solves what the official library asks", async () => {
    const asked = await createChallenge({ hmacKey: "key", maxnumber: 2_000, expires: new Date(Date.now() + 60_000) });
    const solved = await solve(asked as Challenge);
    expect(await verifySolution(solved ?? "", "key")).toBe(true);
    expect(await verifySolution(solved ?? "", "another key")).toBe(false);
  });

  it("knows when a challenge is over", async () => {
    const at = (expires: number) => createChallenge({ hmacKey: "key", expires: new Date(expires) }) as Promise<Challenge>;
    expect(isStale(await at(Date.now() + 60_000))).toBe(false);
    expect(isStale(await at(Date.now() + 5_000))).toBe(true);
    expect(isStale(await at(Date.now() - 1_000))).toBe(true);
  });

  it("stops when nobody waits any more", async () => {
    const unsolvable = { ...(vectors.challenges[0]!.challenge as Challenge), challenge: "0".repeat(64) };
    expect(await solve(unsolvable, AbortSignal.abort())).toBe(null);
  });
});
