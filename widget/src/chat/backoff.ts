// How a page that lost its connection comes back. When a service restarts, thousands of pages lose theirs in the same
// moment: each waits for a time of its own before it tries again, anything from nothing to twice the step, and the step
// doubles with every failure. So a herd spreads by itself, however large it is.
export const COMING_BACK = {
  reconnectionDelay: 1_000, // ms, the first step
  reconnectionDelayMax: 30_000,
  randomizationFactor: 1,
} as const;
