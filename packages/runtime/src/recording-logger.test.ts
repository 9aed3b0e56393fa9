import { expect, test } from "vitest";
import { silentLogger } from "./logger.ts";
import { recordingLogger } from "./recording-logger.ts";

test("remembers each line with its level", () => {
  const logger = recordingLogger();
  logger.debug("a");
  logger.info("b", { n: 1 });
  logger.warn("c");
  logger.error("d");
  expect(logger.entries).toEqual([
    { level: "debug", message: "a", fields: {} },
    { level: "info", message: "b", fields: { n: 1 } },
    { level: "warn", message: "c", fields: {} },
    { level: "error", message: "d", fields: {} },
  ]);
});

test("children add their fields; a line's own win", () => {
  const logger = recordingLogger();
  const child = logger.child({ node: "a", group: 1 }).child({ group: 2 });
  child.info("kept");
  child.info("own", { group: 3 });
  expect(logger.entries.map(({ fields }) => fields)).toEqual([
    { node: "a", group: 2 },
    { node: "a", group: 3 },
  ]);
});

test("the silent logger and its children take everything", () => {
  const child = silentLogger.child({ a: 1 });
  for (const level of ["debug", "info", "warn", "error"] as const) {
    expect(() => child[level]("x", { b: 2 })).not.toThrow();
  }
});
