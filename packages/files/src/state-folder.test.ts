import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parse } from "yaml";
import { FolderError } from "./folder-error.ts";
import { openStateFolder } from "./state-folder.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "herald-state-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const open = (folder = dir) => openStateFolder(folder, { tryLock: () => true });
const WEB = { namespace: "default", name: "web", addresses: ["192.0.2.1", "2001:db8::1"], pool: "gold" };
const MANIFEST = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "web", annotations: { a: "b", "metallb.io/ip-allocated-from-pool": "old" } },
  spec: { type: "LoadBalancer", ports: [{ port: 80 }] },
  status: { loadBalancer: { ingress: [{ ip: "9.9.9.9" }] }, conditions: [] },
};

test("the term and the speakers are what was written last", async () => {
  {
    await using state = await open();
    expect(await state.readTerm()).toBeUndefined();
    expect(await state.readSpeakers()).toEqual([]);
    await state.writeTerm({ term: 7, holder: "me" });
    await state.writeSpeakers(["n1", "n2"]);
  }
  await using state = await open();
  expect(await state.readTerm()).toEqual({ term: 7, holder: "me" });
  expect(await state.readSpeakers()).toEqual(["n1", "n2"]);
});

test("what is being written is on disk before the lock is given up", async () => {
  const state = await open();
  const written = state.writeSpeakers(["n1"]);
  const after = state.writeSpeakers(["n1", "n2"]);
  await state[Symbol.asyncDispose]();
  expect(readFileSync(join(dir, ".herald/speakers.json"), "utf8")).toBe('["n1","n2"]\n');
  expect(readdirSync(join(dir, ".herald")).sort()).toEqual(["lock", "speakers.json", "status"]);
  await Promise.all([written, after]);
});

test.each(["", "{", "7", '{"term": "7", "holder": "x"}', '{"term": 7}'])(
  "a term file with %j counts as none",
  async (text) => {
    await using state = await open();
    writeFileSync(join(dir, ".herald/term"), text);
    writeFileSync(join(dir, ".herald/speakers.json"), text);
    expect(await state.readTerm()).toBeUndefined();
    expect(await state.readSpeakers()).toEqual([]);
  },
);

test("a status is stored as the Service's manifest, with nothing of the manifest's own status", async () => {
  await using state = await open();
  await state.writeStatus(MANIFEST, WEB);
  expect(readdirSync(join(dir, ".herald/status/default"))).toEqual(["web.yaml"]);
  expect(parse(readFileSync(join(dir, ".herald/status/default/web.yaml"), "utf8"))).toEqual({
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: "web",
      namespace: "default",
      annotations: { a: "b", "metallb.io/ip-allocated-from-pool": "gold" },
    },
    spec: { type: "LoadBalancer", ports: [{ port: 80 }] },
    status: { loadBalancer: { ingress: [{ ip: "192.0.2.1" }, { ip: "2001:db8::1" }] } },
  });
  expect(await state.readStatuses()).toEqual({ statuses: [WEB], problems: [] });
});

test("why an address is stranded is a condition of its Service, and read back", async () => {
  await using state = await open();
  const announcedBy = [{ kind: "L2Advertisement", metadata: { name: "all" }, spec: { interfaces: ["eth1"] } }];
  await state.writeStatus(MANIFEST, { ...WEB, stranded: "addressOutsidePools", announcedBy });
  const { status } = parse(readFileSync(join(dir, ".herald/status/default/web.yaml"), "utf8"));
  expect(status.conditions).toEqual([
    {
      type: "heraldlb.io/AddressStranded",
      status: "True",
      reason: "AddressOutsidePools",
      message: 'kept although pool "gold" does not give these addresses to this Service any more',
    },
  ]);
  expect((await state.readStatuses()).statuses).toEqual([{ ...WEB, stranded: "addressOutsidePools", announcedBy }]);
});

const FREED = [
  { address: "192.0.2.1", at: Date.UTC(2026, 0, 2, 3, 4, 5, 678), by: "default/web" },
  { address: "2001:db8::1", at: Date.UTC(2026, 0, 2), by: "default/api" },
];

test("freed addresses are what was written last, in that order, with times that people can read", async () => {
  await using state = await open();
  expect(await state.readFreed()).toEqual({ freed: [], problems: [] });
  await state.writeFreed(FREED);
  expect(await state.readFreed()).toEqual({ freed: FREED, problems: [] });
  expect(readFileSync(join(dir, ".herald/freed.json"), "utf8").split("\n")[1]).toBe(
    '{"address":"192.0.2.1","freedAt":"2026-01-02T03:04:05.678Z","service":"default/web"},',
  );
  await state.writeFreed([]);
  expect(await state.readFreed()).toEqual({ freed: [], problems: [] });
});

test.each(["", "{", "{}", "[7]", "[null]", '[{"address": "192.0.2.1", "freedAt": "x", "service": "a/b"}]'])(
  "a file of freed addresses with %j costs that memory only, and says so",
  async (text) => {
    await using state = await open();
    await state.writeStatus(MANIFEST, WEB);
    writeFileSync(join(dir, ".herald/freed.json"), text);
    const { freed, problems } = await state.readFreed();
    expect(freed).toEqual([]);
    expect(problems).toMatchObject([
      { file: ".herald/freed.json", code: "corrupt", message: expect.stringMatching(/: cool-downs are forgotten$/) },
    ]);
    expect((await state.readStatuses()).statuses).toEqual([WEB]);
  },
);

test("many writes at once leave the last of each Service", async () => {
  await using state = await open();
  const writes = Array.from({ length: 100 }, (_, i) =>
    state.writeStatus(MANIFEST, { ...WEB, name: `web-${i % 5}`, addresses: [`192.0.2.${i}`] }),
  );
  await Promise.all(writes);
  const { statuses } = await state.readStatuses();
  expect(statuses.map(({ name, addresses }) => [name, addresses[0]])).toEqual(
    Array.from({ length: 5 }, (_, i) => [`web-${i}`, `192.0.2.${95 + i}`]),
  );
});

test("a status goes with its Service, and may be gone already", async () => {
  await using state = await open();
  await state.writeStatus(MANIFEST, WEB);
  await state.deleteStatus("default", "web");
  await state.deleteStatus("default", "web");
  expect(await state.readStatuses()).toEqual({ statuses: [], problems: [] });
});

test("a corrupt status costs that Service's memory only, and what was half-written is no status", async () => {
  await using state = await open();
  await state.writeStatus(MANIFEST, WEB);
  const write = (name: string, text: string) => writeFileSync(join(dir, ".herald/status/default", name), text);
  write("a.yaml", "status: [\n");
  write("b.yaml", "kind: Service\nmetadata: {name: b, namespace: default}\n");
  write("c.yaml", readFileSync(join(dir, ".herald/status/default/web.yaml"), "utf8"));
  write("d.yaml", "metadata: {name: d, namespace: default}\nstatus: {loadBalancer: {ingress: [{hostname: x}]}}\n");
  write(".e.yaml.new", "kind: Serv");
  const { statuses, problems } = await state.readStatuses();
  expect(statuses).toEqual([WEB]);
  expect(problems.map(({ file, code }) => [file, code])).toEqual(
    ["a", "b", "c", "d"].map((name) => [`.herald/status/default/${name}.yaml`, "corrupt"]),
  );
});

test("names that lead elsewhere are refused", async () => {
  await using state = await open();
  for (const name of ["../x", "a/b", "", ".", "..", ".x"]) {
    await expect(state.writeStatus(MANIFEST, { ...WEB, name })).rejects.toThrow(RangeError);
    await expect(state.deleteStatus(name, "web")).rejects.toThrow(RangeError);
  }
});

test("whether it leads is what the lock says of the lock file", async () => {
  const asked: number[] = [];
  await using state = await openStateFolder(dir, { tryLock: (fd) => asked.push(fd) > 1 });
  expect(existsSync(join(dir, ".herald/lock"))).toBe(true);
  expect([state.tryLead(), state.tryLead()]).toEqual([false, true]);
  expect(asked[0]).toBe(asked[1]);
});

test("a folder that cannot be written is an error that names it", async () => {
  writeFileSync(join(dir, ".herald"), "a file");
  await expect(open()).rejects.toThrow(FolderError);
  await expect(open()).rejects.toMatchObject({ code: "notWritable", message: expect.stringContaining(".herald") });
});

test("a folder in which the system makes none is an error, not an attempt without end", async () => {
  await expect(open("/proc")).rejects.toThrow(
    "cannot write /proc/.herald: ENOENT; make room, or let this user write there",
  );
});

test("a status that cannot be written is an error, and the old one stays", async () => {
  await using state = await open();
  await state.writeStatus(MANIFEST, WEB);
  mkdirSync(join(dir, ".herald/status/default/.web.yaml.new"));
  await expect(state.writeStatus(MANIFEST, { ...WEB, pool: "new" })).rejects.toMatchObject({ code: "notWritable" });
  expect((await state.readStatuses()).statuses).toEqual([WEB]);
});
