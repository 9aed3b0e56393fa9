import { readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";

// Nice is the 19th field of a thread's stat file; the second is a name in brackets.
const SCRIPT = `
const { readFileSync } = require("node:fs");
const { parentPort } = require("node:worker_threads");
const nice = () => Number(readFileSync("/proc/thread-self/stat", "utf8").split(") ")[1].split(" ")[16]);
import(${JSON.stringify(new URL("./thread-priority.ts", import.meta.url).href)}).then(({ preferThisThread }) => {
  const before = nice();
  const lines = [];
  const isGranted = preferThisThread({ debug: (message) => lines.push(message) });
  parentPort.postMessage({ before, after: nice(), isGranted, lines });
});
`;

test("a thread is preferred, and its process is not; a refusal changes nothing", async () => {
  const worker = new Worker(SCRIPT, { eval: true });
  const { before, after, isGranted, lines } = await new Promise<{
    readonly before: number;
    readonly after: number;
    readonly isGranted: boolean;
    readonly lines: readonly string[];
  }>((resolve, reject) => worker.once("message", resolve).once("error", reject));
  expect([after, lines]).toEqual(isGranted ? [-20, []] : [before, ["thread not preferred"]]);
  const main = Number(readFileSync("/proc/self/stat", "utf8").split(") ")[1]?.split(" ")[16]);
  expect(main).not.toBe(-20);
});
