import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { arpFrame, solicitationFrame } from "./frames.ts";
import { type Host, startHost, until } from "./host.ts";
import { connect, INTERFACE, ip, layWire, type Wire } from "./namespaces.ts";

const SOURCES = join(import.meta.dirname, "../../../packages/link/native");
const HEADERS = join(dirname(dirname(process.execPath)), "include/node");

let folder: string;
let environment: Record<string, string>;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "herald-sanitizer-"));
  mkdirSync(join(folder, "build/Release"), { recursive: true });
  const flags = ["-std=c11", "-g", "-O1", "-fPIC", "-Wall", "-Wextra", "-Werror", "-shared", `-I${HEADERS}`];
  const sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"];
  const sources = readdirSync(SOURCES)
    .filter((name) => name.endsWith(".c"))
    .map((name) => join(SOURCES, name));
  execFileSync("cc", [...flags, ...sanitizers, "-o", join(folder, "build/Release/link.node"), ...sources]);
  environment = {
    // node-gyp-build looks there instead of in the package.
    "@HERALDLB/LINK_PREBUILD": folder,
    LD_PRELOAD: execFileSync("cc", ["-print-file-name=libasan.so"], { encoding: "utf8" }).trim(),
    // Node leaks a little, which must not be the exit code; and to name each place in its binary takes half a minute.
    ASAN_OPTIONS: "detect_leaks=1:symbolize=0",
    LSAN_OPTIONS: "exitcode=0",
    UBSAN_OPTIONS: "print_stacktrace=1",
  };
});

afterAll(() => rmSync(folder, { recursive: true }));

/** A leak is the addon's if it allocated the memory. Node forgets 40 bytes about each receiver when an environment ends. */
function expectNoFinding(host: Host): void {
  expect(host.complaints()).not.toMatch(/ERROR: AddressSanitizer|runtime error|#1 .*link\.node/);
}

/** Everything that the addon does, on one wire. */
async function exercise(wire: Wire, near: Host, far: Host): Promise<void> {
  const errors = () => near.told.filter(({ event }) => event === "error").map(({ code }) => code);
  const heard = () => near.told.filter(({ event }) => event === "frames").flatMap(({ frames = [] }) => frames);
  await far.call("open", "far", INTERFACE, "packet", "both");
  await near.call("watch", 4_096);
  await near.call("open", "near", INTERFACE, "packet", "both");
  await near.call(
    "send",
    "near",
    Array.from({ length: 200 }, (_, n) => arpFrame(n % 100)),
  );
  await far.call(
    "send",
    "far",
    Array.from({ length: 200 }, (_, n) => (n % 2 ? arpFrame(n % 100) : solicitationFrame())),
  );
  await until("frames are heard", () => heard().length >= 200);
  await near.call("setFilter", "near", "ndp");
  await near.call("setFilter", "near", "arp");
  await near.call("throwNext");
  await far.call("send", "far", [arpFrame(1)]);
  await until("the exception is caught", () => near.told.some(({ event }) => event === "uncaught"));
  for (const round of [1, 2, 3]) {
    ip("-n", wire.near, "link", "set", INTERFACE, "down");
    await until("down is reported", () => errors().length >= round);
    await near.call("send", "near", [arpFrame(1)]);
    ip("-n", wire.near, "link", "set", INTERFACE, "up");
  }
  await near.call("rounds", INTERFACE, "packet", 40);
  await near.call("join", Number(JSON.parse(ip("-n", wire.near, "-json", "link", "show", INTERFACE))[0].ifindex), [
    "ff02::1:ff00:7" as never,
  ]);
  for (let round = 0; round < 3; round++) {
    await near.call("startWorker", INTERFACE);
    await far.call("send", "far", [arpFrame(2)]);
    await near.call("endWorker");
  }
  ip("-n", wire.near, "link", "delete", INTERFACE);
  await until("gone is reported", () => errors().includes("gone"));
  await near.call("send", "near", [arpFrame(1)]);
  connect(wire);
  await near.call("open", "again", INTERFACE, "packet", "both");
  await near.call("startWorker", INTERFACE);
}

test("the addon does all its work without a finding of AddressSanitizer or UndefinedBehaviorSanitizer", async () => {
  using wire = layWire();
  await using near = startHost(wire.near, { environment });
  await using far = startHost(wire.far);
  await exercise(wire, near, far);
  expect(await near.call("libraries")).toEqual(expect.arrayContaining(["libasan.so", "link.node"]));
  expect(await near.end()).toBe(0);
  expectNoFinding(near);
});

test("a process that ends with everything open has no finding either", async () => {
  using wire = layWire();
  await using near = startHost(wire.near, { environment });
  await using far = startHost(wire.far);
  await exercise(wire, near, far);
  expect(await near.call("exit").catch(() => near.end())).toBe(7);
  expectNoFinding(near);
});

test("wrong arguments are refused before memory is touched", async () => {
  using wire = layWire();
  await using near = startHost(wire.near, { environment });
  expect(await near.call("misuse", join(folder, "build/Release/link.node"))).toEqual([]);
  expect(await near.end()).toBe(0);
  expectNoFinding(near);
});
