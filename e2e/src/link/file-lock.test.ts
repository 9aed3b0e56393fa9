import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lockFile, unlockFile } from "@heraldlb/link";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "./host.ts";

let folder: string;
let path: string;
let descriptors: number[];
let holder: ChildProcess | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "herald-lock-"));
  path = join(folder, "lock");
  descriptors = [];
});

afterEach(async () => {
  if (holder?.exitCode === null && holder.kill("SIGKILL")) await once(holder, "exit");
  holder = undefined;
  for (const fd of descriptors) closeSync(fd);
  rmSync(folder, { recursive: true });
});

function open(): number {
  const fd = openSync(path, "a+");
  descriptors.push(fd);
  return fd;
}

test("one open file at a time has the lock; it is free again when given up or closed", () => {
  const [first, second] = [open(), open()];
  expect(lockFile(first)).toBe(true);
  expect(lockFile(first)).toBe(true);
  expect(lockFile(second)).toBe(false);
  unlockFile(first);
  expect(lockFile(second)).toBe(true);
  expect(lockFile(first)).toBe(false);
  closeSync(descriptors.pop() ?? -1);
  expect(lockFile(first)).toBe(true);
});

test("the lock of a process ends with the process, however that ends", async () => {
  const code = `
    const { lockFile } = await import("@heraldlb/link");
    const { openSync } = await import("node:fs");
    process.stdout.write(String(lockFile(openSync(process.argv[1], "a+"))));
    setInterval(() => {}, 1000);`;
  holder = spawn(process.execPath, ["--conditions=@heraldlb/source", "--input-type=module", "-e", code, path], {
    cwd: import.meta.dirname,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [answer] = await once(holder.stdout ?? holder, "data");
  expect(String(answer).trim()).toBe("true");
  const fd = open();
  expect(lockFile(fd)).toBe(false);
  holder.kill("SIGKILL");
  await until("the lock is free", () => lockFile(fd));
});

test("a descriptor that is not open is an error", () => {
  const fd = openSync(path, "a+");
  closeSync(fd);
  expect(() => lockFile(fd)).toThrow(expect.objectContaining({ name: "LinkError", errno: "EBADF" }));
});
