import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type CaptureFailure, decodeJson, encodeJson, FROM_HELPER, MessageSplitter, TO_HELPER } from "./pcap-wire.ts";

let folder: string;

// Far from any node_modules that has pcap.
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "herald-pcap-helper-"));
  for (const file of ["pcap-helper.ts", "pcap-wire.ts"])
    copyFileSync(join(import.meta.dirname, file), join(folder, file));
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
});

afterEach(() => rmSync(folder, { recursive: true }));

/** Installs a package of that name which does this. */
function installPcap(code: string): void {
  mkdirSync(join(folder, "node_modules/pcap"), { recursive: true });
  writeFileSync(join(folder, "node_modules/pcap/package.json"), '{"name":"pcap","main":"pcap.js"}');
  writeFileSync(join(folder, "node_modules/pcap/pcap.js"), code);
}

/** Tells the helper to capture; returns why it does not. */
async function failure(): Promise<CaptureFailure> {
  const helper = spawn(process.execPath, [join(folder, "pcap-helper.ts")], { stdio: ["pipe", "pipe", "ignore"] });
  helper.stdin.write(encodeJson(TO_HELPER.configure, { interface: "lo", expression: "arp", bufferBytes: 1 }));
  const splitter = new MessageSplitter();
  let told: CaptureFailure | undefined;
  helper.stdout.on("data", (piece: Uint8Array) => {
    for (const { type, payload } of splitter.push(piece)) {
      if (type === FROM_HELPER.failure) told = decodeJson<CaptureFailure>(payload);
    }
  });
  await once(helper, "close");
  expect(told).toBeDefined();
  return told as CaptureFailure;
}

test("says how to install pcap where it is not installed", async () => {
  expect(await failure()).toEqual({ code: "unavailable", message: expect.stringContaining("npm install pcap@3.1.0") });
});

test("says how to compile pcap where it is installed only", async () => {
  installPcap('require("./build/Release/pcap_binding");');
  expect(await failure()).toEqual({ code: "unavailable", message: expect.stringContaining("npm run setup") });
});

test.each([
  ["You don't have permission to capture on that device", "permission"],
  ["socket: Operation not permitted", "permission"],
  ["eth9: No such device exists", "gone"],
  ["something else", "system"],
])("passes on what libpcap says: %s", async (message, code) => {
  installPcap(`exports.createSession = () => { throw new Error(${JSON.stringify(message)}); };`);
  expect(await failure()).toEqual({ code, message: expect.stringContaining(message) });
});

test("ends with its parent", async () => {
  const helper = spawn(process.execPath, [join(folder, "pcap-helper.ts")], { stdio: ["pipe", "pipe", "ignore"] });
  helper.stdin.end();
  expect(await once(helper, "close")).toEqual([0, null]);
});
