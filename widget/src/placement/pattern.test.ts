import { expect, test } from "vitest";
import vectors from "../../../tests/forms/placement_vectors.json";
import { matches } from "./pattern";

test.each(vectors)("$told $page", ({ told, page, matches: meant }) => {
  expect(matches(told, page)).toBe(meant);
});
