import { expect, test } from "vitest";
import vectors from "../../../tests/forms/typo_vectors.json";
import { suggestion } from "./typos";

test.each(vectors)("$typed was probably meant as $meant", ({ typed, meant }) => {
  expect(suggestion(typed)).toBe(meant);
});
