import type { GroupDefinition, InterfaceSet } from "@heraldlb/election";
import type { Ipv4 } from "@heraldlb/net";
import { describe, expect, test } from "vitest";
import { Definitions, type ReceivedGroup, SnapshotAssembly } from "./definitions.ts";

const group = (id: string, interfaces: InterfaceSet = "all"): GroupDefinition => ({
  id,
  addresses: [{ address: id as Ipv4, interfaces }],
});
const received = (...groups: GroupDefinition[]): ReceivedGroup[] =>
  groups.map((group) => ({ type: "group", group }) as const);
const invalid = (id: string): ReceivedGroup => ({
  type: "error",
  error: { group: id, reason: "invalidGroup", message: "bad" },
});

const A = group("192.0.2.1");
const B = group("192.0.2.2");
const at = (revision: bigint, holder = "c1") => ({ revision, holder });

describe("a snapshot", () => {
  test("brings what is new and takes what is not in it", () => {
    const definitions = new Definitions({ position: at(1n), groups: [A] });
    expect(definitions.replace(at(2n), { groups: received(B) })).toEqual({ changed: [B], removed: [A.id], errors: [] });
    expect([...definitions.groups]).toEqual([B]);
    expect(definitions.position).toEqual(at(2n));
  });

  test("that says nothing new changes nothing", () => {
    const definitions = new Definitions({ position: at(1n), groups: [A, B] });
    expect(definitions.replace(at(7n, "c2"), { groups: received(B, A) })).toEqual({
      changed: [],
      removed: [],
      errors: [],
    });
  });

  test.each<[string, InterfaceSet, InterfaceSet, number]>([
    ["all to some", "all", ["eth0"], 1],
    ["other names", ["eth0"], ["eth1"], 1],
    ["more names", ["eth0"], ["eth0", "eth1"], 1],
    ["another order of names", ["eth0", "eth1"], ["eth1", "eth0"], 0],
  ])("notices other interfaces: %s", (_what, before, after, changes) => {
    const definitions = new Definitions({ position: at(1n), groups: [group(A.id, before)] });
    expect(definitions.replace(at(2n), { groups: received(group(A.id, after)) }).changed).toHaveLength(changes);
  });

  test.each<[number | undefined, number | undefined, number]>([
    [undefined, 1000, 1],
    [1000, 2000, 1],
    [1000, undefined, 1],
    [1000, 1000, 0],
  ])("notices that announcements are to be repeated each %s, then each %s ms", (before, after, changes) => {
    const definitions = new Definitions({ position: at(1n), groups: [{ ...A, refreshMs: before }] });
    const groups = received({ ...A, refreshMs: after });
    expect(definitions.replace(at(2n), { groups }).changed).toHaveLength(changes);
  });

  test("with a group that is not understood keeps its last form, and applies the others", () => {
    const definitions = new Definitions({ position: at(1n), groups: [A] });
    const { changed, removed, errors } = definitions.replace(at(2n), { groups: [invalid(A.id), ...received(B)] });
    expect({ changed, removed }).toEqual({ changed: [B], removed: [] });
    expect(errors).toHaveLength(1);
    expect(definitions.find(A.id)).toBe(A);
  });
});

describe("a delta", () => {
  test("changes and removes what it names", () => {
    const definitions = new Definitions({ position: at(1n), groups: [A] });
    const delta = { baseRevision: 1n, revision: 3n, changed: received(B), removed: [A.id, "192.0.2.9"] };
    expect(definitions.update(delta)).toEqual({ changed: [B], removed: [A.id], errors: [] });
    expect(definitions.position).toEqual(at(3n));
  });

  test("that follows on an earlier revision is complete, too", () => {
    const definitions = new Definitions({ position: at(5n), groups: [A] });
    expect(definitions.update({ baseRevision: 4n, revision: 6n, changed: [], removed: [A.id] })?.removed).toEqual([
      A.id,
    ]);
  });

  test("that follows on what was never applied is refused", () => {
    const definitions = new Definitions({ position: at(1n), groups: [A] });
    expect(definitions.update({ baseRevision: 2n, revision: 3n, changed: [], removed: [A.id] })).toBeUndefined();
    expect(definitions.find(A.id)).toBe(A);
  });
});

describe("what could not be applied", () => {
  const delta = (revision: bigint, changed: ReceivedGroup[], removed: string[] = []) => ({
    ...{ baseRevision: revision - 1n, revision, changed, removed },
  });
  const wrongPeer = { group: "BGPPeer tor", reason: "invalidGroup", message: "bad" } as const;
  const failed = (change: { readonly errors: readonly { readonly group: string }[] } | undefined) =>
    change?.errors.map((error) => error.group);

  test("is told with every change until it is replaced or removed, and a later process is told everything", () => {
    const definitions = new Definitions();
    expect(failed(definitions.replace(at(1n), { groups: [invalid(A.id), invalid(B.id)] }))).toEqual([A.id, B.id]);
    expect(failed(definitions.update(delta(2n, received(group("192.0.2.3")))))).toEqual([A.id, B.id]);
    expect(failed(definitions.update(delta(3n, received(A))))).toEqual([B.id]);
    expect([definitions.position, definitions.savedPosition]).toEqual([at(3n), { revision: 0n, holder: "" }]);
    expect(failed(definitions.update(delta(4n, [], [B.id])))).toEqual([]);
    expect(definitions.savedPosition).toEqual(at(4n));
  });

  test("of BGP likewise; a snapshot begins anew", () => {
    const definitions = new Definitions();
    const snapshot = { groups: [], bgp: { items: { peers: [], routes: [] }, errors: [wrongPeer] } };
    expect(failed(definitions.replace(at(1n), snapshot))).toEqual([wrongPeer.group]);
    const gone = { items: [{ type: "peerGone", name: "tor" } as const], errors: [] };
    expect(failed(definitions.update({ ...delta(2n, []), bgp: gone }))).toEqual([]);
    expect(failed(definitions.update({ ...delta(3n, []), bgp: { items: [], errors: [wrongPeer] } }))).toHaveLength(1);
    expect(failed(definitions.replace(at(4n), { groups: [] }))).toEqual([]);
  });
});

describe("the chunks of a snapshot", () => {
  const chunk = (index: number, last: boolean, ...groups: GroupDefinition[]) => ({
    ...at(1n),
    index,
    last,
    groups: received(...groups),
  });

  test("take effect together with the last one", () => {
    const assembly = new SnapshotAssembly();
    expect(assembly.add(chunk(0, false, A))).toBeUndefined();
    expect(assembly.add(chunk(1, true, B))).toEqual({ groups: received(A, B), bgp: undefined, routed: [] });
  });

  test("begin anew with index 0", () => {
    const assembly = new SnapshotAssembly();
    assembly.add(chunk(0, false, A));
    expect(assembly.add(chunk(0, true, B))).toEqual({ groups: received(B), bgp: undefined, routed: [] });
  });

  test("are refused if one is missing", () => {
    const assembly = new SnapshotAssembly();
    assembly.add(chunk(0, false, A));
    expect(() => assembly.add(chunk(2, true, B))).toThrow("chunk 2 of a snapshot came instead of 1");
  });
});

describe("the Services behind the addresses", () => {
  const named = (definition: GroupDefinition, ...services: string[]): ReceivedGroup => ({
    ...{ type: "group", group: definition },
    services: definition.addresses.map(() => services),
  });
  const both = (...ids: string[]): GroupDefinition => ({
    id: ids[0] ?? "",
    addresses: ids.flatMap((id) => group(id).addresses),
  });
  const namesOf = (definitions: Definitions) => [A, B].map(({ id }) => definitions.services.of(id as Ipv4).join(" "));

  test("are known while their group is, and are no change of it", () => {
    const definitions = new Definitions();
    definitions.replace(at(1n), { groups: [named(A, "a/web"), named(B, "a/tcp", "b/udp")] });
    expect(namesOf(definitions)).toEqual(["a/web", "a/tcp b/udp"]);
    const delta = { baseRevision: 1n, revision: 2n, changed: [named(A, "a/mail")], removed: [B.id] };
    expect(definitions.update(delta)).toEqual({ changed: [], removed: [B.id], errors: [] });
    expect(namesOf(definitions)).toEqual(["a/mail", ""]);
    definitions.replace(at(3n), { groups: received(A) });
    expect(namesOf(definitions)).toEqual(["", ""]);
  });

  test("go with an address to another group, whichever group comes first", () => {
    for (const turn of [(list: ReceivedGroup[]) => list, (list: ReceivedGroup[]) => list.toReversed()]) {
      const definitions = new Definitions();
      definitions.replace(at(1n), { groups: [named(both(A.id, B.id), "a/web")] });
      const changed = turn([named(A, "a/web"), named(B, "a/mail")]);
      definitions.update({ baseRevision: 1n, revision: 2n, changed, removed: [] });
      expect(namesOf(definitions)).toEqual(["a/web", "a/mail"]);
    }
  });

  test("of routes are replaced by a snapshot, over all its chunks, and changed by a delta", () => {
    const web = { name: "a/web", addresses: [], routes: ["r"] };
    const mail = { name: "a/mail", addresses: [], routes: ["r"] };
    const assembly = new SnapshotAssembly();
    const chunk = { ...at(1n), groups: [] };
    assembly.add({ ...chunk, index: 0, last: false, routed: [web] });
    const snapshot = assembly.add({ ...chunk, index: 1, last: true, routed: [mail] });
    const definitions = new Definitions();
    definitions.replace(at(1n), snapshot ?? expect.fail("not complete"));
    expect([...definitions.services.routed]).toEqual([web, mail]);
    const other = { ...mail, routes: ["s"] };
    const delta = { baseRevision: 1n, revision: 2n, changed: [], removed: [] };
    definitions.update({ ...delta, routed: { changed: [other], removed: [web.name] } });
    expect([...definitions.services.routed]).toEqual([other]);
    definitions.replace(at(3n), { groups: [] });
    expect([...definitions.services.routed]).toEqual([]);
  });
});
