import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { identify, isRunning, signalProcess } from "./process-id.ts";

test("a process is known by its number and its start, so that its number's next owner is left alone", async () => {
  const child = spawn("sleep", ["60"]);
  const id = identify(child.pid ?? 0);
  if (!id) throw new Error("sleep was not found");
  expect(isRunning(id)).toBe(true);
  const namesake = { ...id, startTicks: id.startTicks + 1 };
  expect(isRunning(namesake)).toBe(false);
  signalProcess(namesake, "SIGKILL");
  expect(isRunning(id)).toBe(true);
  signalProcess(id, "SIGKILL");
  await once(child, "exit");
  expect(isRunning(id)).toBe(false);
  signalProcess(id, "SIGKILL");
});

test("nobody is nobody", () => {
  expect(identify(2 ** 30)).toBeUndefined();
});
