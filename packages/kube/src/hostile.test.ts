import { silentLogger } from "@heraldlb/runtime";
import { FakeClock } from "@heraldlb/runtime/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { listOf, service } from "./api-server.test.fixture.ts";
import { type Kube, KubeError, mayGet, readLease, reflect, reviewToken } from "./index.ts";

/** Anything, or nearly what was asked for: some part of it replaced by anything. */
const nearly = (value: unknown): fc.Arbitrary<unknown> =>
  fc.oneof(
    fc.constant(value),
    fc.jsonValue(),
    ...(typeof value === "object" && value !== null
      ? [fc.record(Object.fromEntries(Object.entries(value).map(([name, part]) => [name, nearly(part)])))]
      : []),
  );

const list = nearly({ ...listOf([service("a", "1")], "1"), items: [service("a", "1")] });
const line = fc.oneof(
  fc.string(),
  nearly({ type: "ADDED", object: service("a", "2") }).map((event) => JSON.stringify(event)),
  nearly({ type: "BOOKMARK", object: { metadata: { resourceVersion: "3" } } }).map((event) => JSON.stringify(event)),
  nearly({ type: "ERROR", object: { code: 410, reason: "Gone", details: { retryAfterSeconds: 1 } } }).map((event) =>
    JSON.stringify(event),
  ),
);

test("whatever an API server says, reflection goes on, and tells only of objects with an identity", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(list), fc.array(fc.array(line)), async (lists, chunks) => {
      const clock = new FakeClock();
      const stop = new AbortController();
      const kube: Pick<Kube, "request" | "stream"> = {
        request: async () => (lists.length > 0 ? lists.pop() : listOf([service("a", "9")], "9")),
        stream: async () =>
          (async function* () {
            for (let chunk = chunks.pop(); chunk; chunk = chunks.pop()) yield chunk;
          })(),
      };
      const check = ({ metadata }: { readonly metadata: Readonly<Record<string, unknown>> }) => {
        for (const field of ["name", "uid", "resourceVersion"]) expect(metadata[field]).toBeTypeOf("string");
        expect(metadata).toSatisfy(({ namespace }) => namespace === undefined || typeof namespace === "string");
      };
      const handlers = {
        onSynced: (objects: ReadonlyMap<string, Parameters<typeof check>[0]>) => [...objects.values()].forEach(check),
        onChange: ({ changed, removed }: Record<"changed" | "removed", readonly Parameters<typeof check>[0][]>) =>
          [...removed, ...changed].forEach(check),
      };
      const done = reflect(kube, { path: "/x" }, handlers, { clock, log: silentLogger, random: () => 0 }, stop.signal);
      const ended = done.then(() => true);
      for (let i = 0; i < 40 && (lists.length > 0 || chunks.length > 0); i++) await clock.advance(60_000);
      stop.abort();
      expect(await ended).toBe(true);
    }),
    { numRuns: 200 },
  );
});

test("whatever an API server answers, a Lease and reviews are read or a KubeError", async () => {
  const lease = { metadata: { resourceVersion: "1" }, spec: { holderIdentity: "a", leaseTransitions: 1 } };
  const review = {
    status: { authenticated: true, allowed: true, user: { username: "a", groups: ["b"], extra: { c: ["d"] } } },
  };
  await fc.assert(
    fc.asyncProperty(nearly(lease), nearly(review), async (leaseAnswer, reviewAnswer) => {
      const answering = (answer: unknown): Pick<Kube, "request"> => ({ request: async () => answer });
      const subject = { username: "a", groups: [], extra: {} };
      for (const asked of [
        readLease(answering(leaseAnswer), "n", "l"),
        reviewToken(answering(reviewAnswer), "t", []),
        mayGet(answering(reviewAnswer), subject, "/metrics"),
      ]) {
        const failure = await asked.then(
          () => undefined,
          (error: unknown) => error,
        );
        if (failure !== undefined) expect(failure).toBeInstanceOf(KubeError);
      }
    }),
  );
});
