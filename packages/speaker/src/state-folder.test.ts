import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SavedGroup } from "@heraldlb/election";
import type { Ipv4 } from "@heraldlb/net";
import { systemClock } from "@heraldlb/runtime";
import { recordingLogger } from "@heraldlb/runtime/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { formatKnownAddresses } from "./controller-addresses.ts";
import { OwnershipRecord } from "./ownership-record.ts";
import { loadState } from "./saved-state.ts";
import { StateFolder, StateFolderLockedError } from "./state-folder.ts";
import { encodeDefinitions } from "./translate.ts";

let parent: string;
let path: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "herald-state-"));
  path = join(parent, "a", "state");
});

afterEach(() => rmSync(parent, { recursive: true, force: true }));

function open(lock = true) {
  const log = recordingLogger();
  const seen = { errors: 0 };
  const folder = new StateFolder(path, {
    // Pauses are none.
    clock: { ...systemClock, sleep: () => new Promise((resolve) => setImmediate(resolve)) },
    log,
    lock: () => lock,
    onError: () => void seen.errors++,
  });
  return { folder, seen, messages: () => log.entries.map(({ message }) => message) };
}

describe("writing", () => {
  test("replaces a file whole, with mode 0600, and leaves nothing else behind", async () => {
    const { folder, messages } = open();
    folder.write("ownership.json", () => "one");
    await folder[Symbol.asyncDispose]();
    expect(readdirSync(path)).toEqual(["ownership.json"]);
    expect(readFileSync(join(path, "ownership.json"), "utf8")).toBe("one");
    expect(statSync(join(path, "ownership.json")).mode & 0o777).toBe(0o600);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(messages()).toEqual([]);
  });

  test("makes the last of many contents only", async () => {
    const { folder } = open();
    let made = 0;
    for (let i = 0; i < 100; i++) {
      folder.write("desired.bin", () => {
        made++;
        return `${i}`;
      });
    }
    await folder[Symbol.asyncDispose]();
    expect(readFileSync(join(path, "desired.bin"), "utf8")).toBe("99");
    expect(made).toBeLessThanOrEqual(2);
  });

  test("goes on where it cannot, tells it once, counts each failure, and tries until it can again", async () => {
    const { folder, seen, messages } = open();
    // A file does not replace a folder: stands for a full or read-only disk, which root could write to in a test.
    mkdirSync(join(path, "desired.bin"));
    folder.write("desired.bin", () => "x");
    await expect.poll(() => seen.errors).toBeGreaterThan(3);
    expect(messages()).toEqual(["state file not written, going on without it"]);
    rmdirSync(join(path, "desired.bin"));
    await expect.poll(messages).toEqual([expect.anything(), "state folder writable again"]);
    await folder[Symbol.asyncDispose]();
    expect(readFileSync(join(path, "desired.bin"), "utf8")).toBe("x");
    expect(readdirSync(path)).toEqual(["desired.bin"]);
  });

  test("is not tried for ever when the process ends", async () => {
    const { folder } = open();
    mkdirSync(join(path, "desired.bin"));
    folder.write("desired.bin", () => "x");
    await folder[Symbol.asyncDispose]();
  });
});

test("a folder that another process has is refused by name", () => {
  expect(() => open(false)).toThrow(StateFolderLockedError);
  expect(() => open(false)).toThrow(path);
});

test.each([
  ["below a file", () => join(parent, "a", "state")],
  ["that is a file", () => join(parent, "a")],
  ["where there are none but the system's own, in which Node would try for ever", () => "/proc/herald/state"],
])("a folder %s cannot be made, and is done without", async (_, place) => {
  writeFileSync(join(parent, "a"), "a file");
  path = place();
  const { folder, seen, messages } = open();
  expect(folder.read("ownership.json")).toBeUndefined();
  folder.write("ownership.json", () => "x");
  await folder[Symbol.asyncDispose]();
  expect(seen.errors).toBe(1);
  expect(messages()).toEqual(["state folder cannot be opened, going on without it"]);
});

describe("loading", () => {
  const group: SavedGroup = {
    id: "192.0.2.1",
    addresses: [{ address: "192.0.2.1" as Ipv4, interfaces: "all" }],
    epoch: { term: 3, counter: 1 },
  };
  const ownership = { bootId: "boot1", maxTerm: 3, termHolder: "c1", groups: [group] };
  const position = { revision: 5n, holder: "c1" };
  const definition = { id: "192.0.2.2", addresses: [{ address: "192.0.2.2" as Ipv4, interfaces: "all" as const }] };
  const addresses = { "controller.example": ["198.51.100.1", "2001:db8::1"] };

  function fill(files: { readonly ownership?: string; readonly desired?: Uint8Array; readonly controllers?: string }) {
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, "ownership.json"), files.ownership ?? new OwnershipRecord("boot1", ownership).format());
    writeFileSync(join(path, "desired.bin"), files.desired ?? encodeDefinitions({ position, groups: [definition] }));
    writeFileSync(join(path, "controllers.json"), files.controllers ?? formatKnownAddresses(addresses));
  }

  test("of this boot finds everything, and definitions of what is held", () => {
    fill({});
    const { folder, seen } = open();
    const saved = loadState(folder, "boot1");
    expect(saved.ownership).toEqual(ownership);
    expect([...saved.definitions.groups].map(({ id }) => id)).toEqual([definition.id, group.id]);
    expect(saved.definitions.position).toEqual(position);
    expect(saved.addresses).toEqual(addresses);
    expect(seen.errors).toBe(0);
  });

  test("of an earlier boot finds the term and the controllers' addresses", () => {
    fill({});
    const saved = loadState(open().folder, "boot2");
    expect(saved.ownership?.maxTerm).toBe(3);
    expect(saved.definitions.size).toBe(0);
    expect(saved.definitions.position.revision).toBe(0n);
    expect(saved.addresses).toEqual(addresses);
  });

  test("of an empty folder finds nothing, without a word", () => {
    const { folder, messages } = open();
    expect(loadState(folder, "boot1")).toMatchObject({ ownership: undefined, addresses: {} });
    expect(messages()).toEqual([]);
  });

  test.each([
    ["ownership.json", { ownership: "half a fi" }],
    ["desired.bin", { desired: Uint8Array.of(1, 2, 3) }],
    ["controllers.json", { controllers: "[]" }],
  ])("ignores %s that makes no sense, with one line, and reads the others", (file, files) => {
    fill(files);
    const { folder, seen, messages } = open();
    const saved = loadState(folder, "boot1");
    expect(messages()).toEqual(["state file unreadable, ignored"]);
    expect(seen.errors).toBe(1);
    expect(saved.ownership === undefined).toBe(file === "ownership.json");
    expect(saved.addresses).toEqual(file === "controllers.json" ? {} : addresses);
    if (file === "desired.bin") expect([...saved.definitions.groups]).toEqual([group]);
  });
});
