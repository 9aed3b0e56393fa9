import { expect, test } from "vitest";
import type { NodeBgp, NodeChange } from "./bgp-definitions.ts";
import { BgpLoader } from "./bgp-loader.ts";

const PEER: NodeChange = {
  type: "peer",
  peer: {
    bgp: { name: "r1", port: 179, asn: 64_512, peerAsn: 64_513, holdSeconds: 180, keepaliveSeconds: 60 },
    ...{ bfd: undefined, gracefulShutdownMs: 0 },
  },
};
const GONE: NodeChange = { type: "routeGone", id: "x" };
const ALL: NodeBgp = { peers: [], routes: [] };

/** A loader, and what happened; BGP has started once `start` was called. */
function load() {
  const happened: unknown[] = [];
  const bugs: unknown[] = [];
  const starting = Promise.withResolvers<void>();
  const loader = new BgpLoader(
    async (all) => {
      happened.push(["start", all]);
      await starting.promise;
      return {
        facts: {
          peers: [],
          routes: [],
          peer: () => expect.fail("not asked"),
          hearers: () => [],
          prefixHeard: () => undefined,
        },
        apply: (changes) => happened.push(["apply", changes]),
        bfdChanged: () => {},
        bfdCounted: () => {},
        close: async () => {
          happened.push("close");
        },
      };
    },
    (error) => bugs.push(error),
  );
  const apply = (...changes: readonly NodeChange[]) => loader.apply(changes, () => ALL);
  return { loader, apply, happened, bugs, starting };
}

test("a node without routers never loads BGP", async () => {
  const { loader, apply, happened } = load();
  apply(GONE);
  await loader.close();
  expect(happened).toEqual([]);
});

test("the first router starts it with all there is, and what comes meanwhile follows in order", async () => {
  const { loader, apply, happened, starting } = load();
  apply(PEER);
  apply(GONE);
  apply(PEER, GONE);
  expect(loader.loaded).toBeUndefined();
  starting.resolve();
  await loader.close();
  expect(happened).toEqual([["start", ALL], ["apply", [GONE]], ["apply", [PEER, GONE]], "close"]);
});

test("once it runs, changes go to it at once", async () => {
  const { loader, apply, happened, starting } = load();
  apply(PEER);
  starting.resolve();
  await expect.poll(() => loader.loaded).toBeDefined();
  apply(GONE);
  expect(happened.at(-1)).toEqual(["apply", [GONE]]);
});

test("that it cannot start is a bug, and no reason not to end", async () => {
  const { loader, apply, bugs, starting } = load();
  apply(PEER);
  starting.reject(new Error("no"));
  await loader.close();
  expect(bugs).toEqual([new Error("no")]);
});
