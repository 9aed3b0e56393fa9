import { stat } from "node:fs/promises";
import { expect, test } from "vitest";
import { createLog, type LogFormat } from "./log.ts";

async function logTo(lines: string[], format: LogFormat = "json") {
  return await createLog({ level: "info", format, destination: { write: (line) => void lines.push(line) } });
}

test("an entry is one JSON object on one line, with its fields", async () => {
  const lines: string[] = [];
  (await logTo(lines)).child({ node: "a" }).warn("owner changed", { group: "10.0.0.1", epoch: 5n, text: "two\nlines" });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^[^\n]*\n$/);
  expect(JSON.parse(lines[0] ?? "")).toEqual({
    level: "warn",
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    node: "a",
    group: "10.0.0.1",
    epoch: 5,
    text: "two\nlines",
    message: "owner changed",
  });
});

test("an error is shown with its message, stack and cause", async () => {
  const lines: string[] = [];
  (await logTo(lines)).error("failed", { error: new RangeError("bad", { cause: new Error("deeper") }) });
  const { error } = JSON.parse(lines[0] ?? "");
  expect(error).toMatchObject({ type: "RangeError", message: expect.stringContaining("bad") });
  expect(error.stack).toContain("deeper");
});

class ServerError extends Error {
  override readonly name = "ServerError";
  readonly status = 429;
  readonly reason = "TooManyRequests";
}

test.each([
  [
    "a server",
    new ServerError("GET /x: 429 TooManyRequests", { cause: new Error("deeper") }),
    { type: "ServerError", message: "GET /x: 429 TooManyRequests", status: 429, reason: "TooManyRequests" },
  ],
  [
    "the kernel",
    await stat("/nonexistent").catch((error: unknown) => error),
    expect.objectContaining({ type: "Error", message: expect.stringContaining("/nonexistent"), code: "ENOENT" }),
  ],
])("what %s refuses is shown without a stack", async (_, error, shown) => {
  const lines: string[] = [];
  (await logTo(lines)).warn("trying again", { error });
  const entry = JSON.parse(lines[0] ?? "");
  expect(entry.error).toEqual(shown);
  expect(entry.error).not.toHaveProperty("stack");
});

test("entries below the level are not written", async () => {
  const lines: string[] = [];
  const log = await logTo(lines);
  log.debug("quiet");
  log.info("loud");
  expect(lines.map((line) => JSON.parse(line).message)).toEqual(["loud"]);
});

test("pretty is for people: time, level, message and fields on a line", async () => {
  const lines: string[] = [];
  (await logTo(lines, "pretty")).info("owner changed", { group: "10.0.0.1" });
  expect(lines.join("")).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: owner changed \{"group":"10\.0\.0\.1"\}\n$/);
});
