import { expect, test } from "vitest";
import { isNewEnough } from "./go.ts";

test.each([
  ["go version go1.19.8 linux/amd64", false],
  ["go version go1.24.11 linux/amd64", false],
  ["go version go1.25.0 linux/amd64", true],
  ["go version go1.26rc1 linux/arm64", true],
  ["go version go2.0 linux/amd64", true],
  ["", false],
])("%s: builds Kubernetes? %s", (version, expected) => {
  expect(isNewEnough(version)).toBe(expected);
});
