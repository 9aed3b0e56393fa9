import { EMPTY_CONFIGURATION } from "@heraldlb/config";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type AdmitContext, admit } from "./admit.ts";
import { creation, manifest, NAMESPACE, pool } from "./manifest.test.fixture.ts";

const NOTHING: AdmitContext = { configuration: EMPTY_CONFIGURATION, namespace: NAMESPACE };

test.each<readonly [string, unknown]>([
  ["nothing", undefined],
  ["a list", []],
  ["another kind", manifest("L2Advertisement", "a")],
  ["no kind", { apiVersion: "metallb.io/v1beta1", metadata: { name: "a" } }],
  ["no name", { apiVersion: "metallb.io/v1beta1", kind: "IPAddressPool" }],
])("%s in place of the object is a bad request", (_, object) => {
  const { allowed, status } = admit({ ...creation(pool("a", [])), object }, NOTHING);
  expect(allowed).toBe(false);
  expect(status).toMatchObject({ code: 400, reason: "BadRequest" });
});

test("nothing that stands in an object makes it throw", () => {
  const kinds = ["IPAddressPool", "L2Advertisement", "BGPPeer", "BGPAdvertisement", "BFDProfile", "Community"];
  const shape = fc.record({
    kind: fc.constantFrom(...kinds),
    spec: fc.oneof(
      fc.jsonValue(),
      fc.dictionary(
        fc.constantFrom("addresses", "communities", "peerAddress", "nodeSelectors", "ipAddressPools"),
        fc.jsonValue(),
      ),
    ),
    metadata: fc.oneof(
      fc.jsonValue(),
      fc.record({ name: fc.string(), labels: fc.jsonValue(), annotations: fc.jsonValue() }),
    ),
  });
  fc.assert(
    fc.property(
      shape,
      fc.jsonValue(),
      fc.constantFrom("CREATE", "UPDATE", "DELETE"),
      (object, oldObject, operation) => {
        const request = { ...creation(pool("a", [])), kind: object.kind, operation, oldObject };
        const candidate = { apiVersion: "metallb.io/v1beta1", ...object };
        const { uid } = admit({ ...request, object: candidate }, NOTHING);
        expect(uid).toBe("u1");
      },
    ),
  );
});
