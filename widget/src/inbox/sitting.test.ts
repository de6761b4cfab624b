import { describe, expect, it } from "vitest";
import { sitting } from "./sitting";

function at() {
  let time = 1_000_000;
  const someone = sitting(() => time);
  someone.idleAfter(600);
  return { someone, wait: (seconds: number) => (time += seconds * 1000) };
}

describe("who sits at the page", () => {
  it("is idle after so long without a touch, which is news once", () => {
    const { someone, wait } = at();
    wait(599);
    expect(someone.looked()).toBe(false);
    wait(1);
    expect(someone.looked()).toBe(true);
    expect(someone.looked()).toBe(false);
    expect(someone.idle()).toBe(true);
  });

  it("is back at the first touch, which is news once", () => {
    const { someone, wait } = at();
    wait(600);
    someone.looked();
    expect(someone.touched()).toBe(true);
    expect(someone.touched()).toBe(false);
    expect(someone.idle()).toBe(false);
    wait(599);
    expect(someone.looked()).toBe(false);
  });

  it("is never idle where the site does not want that", () => {
    const { someone, wait } = at();
    someone.idleAfter(null);
    wait(100_000);
    expect(someone.looked()).toBe(false);
  });
});
