import { describe, expect, test } from "vitest";
import { conversionTrustPatch, webhookTrustPatch } from "./api-server-trust.ts";

const service = { name: "herald-webhook", namespace: "herald" };
const bundle = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
const options = { service, bundle };

/** Three webhooks that trust these. */
const configuration = (...bundles: readonly (string | undefined)[]) => ({
  webhooks: bundles.map((each, i) => ({
    name: `w${i}`,
    clientConfig: { service: { ...service, path: `/${i}` }, ...(each !== undefined && { caBundle: btoa(each) }) },
  })),
});

describe("the patch of webhooks", () => {
  test("is nothing when all of them trust the bundle", () => {
    expect(webhookTrustPatch(configuration(bundle, bundle), options)).toBeUndefined();
  });

  test("lets those trust it that do not, if they are still what they were", () => {
    expect(webhookTrustPatch(configuration("old", bundle, undefined), options)).toEqual(
      [0, 2].flatMap((i) => [
        { op: "test", path: `/webhooks/${i}/clientConfig/service`, value: { ...service, path: `/${i}` } },
        { op: "add", path: `/webhooks/${i}/clientConfig/caBundle`, value: btoa(bundle) },
      ]),
    );
  });

  test("leaves webhooks alone that lead elsewhere", () => {
    const elsewhere = { clientConfig: { service: { ...service, name: "metallb-webhook-service" }, caBundle: "x" } };
    expect(
      webhookTrustPatch({ webhooks: [elsewhere, { clientConfig: { url: "https://x" } }] }, options),
    ).toBeUndefined();
  });

  test.each([undefined, null, 7, {}, { webhooks: {} }, { webhooks: [null, {}, { clientConfig: [] }] }])(
    "is nothing for %j",
    (json) => expect(webhookTrustPatch(json, options)).toBeUndefined(),
  );
});

describe("the patch of a definition with versions", () => {
  const crd = (clientConfig: object) => ({ spec: { conversion: { strategy: "Webhook", webhook: { clientConfig } } } });

  test("lets it trust the bundle", () => {
    expect(conversionTrustPatch(crd({ service }), options)).toEqual([
      { op: "test", path: "/spec/conversion/webhook/clientConfig/service", value: service },
      { op: "add", path: "/spec/conversion/webhook/clientConfig/caBundle", value: btoa(bundle) },
    ]);
    expect(conversionTrustPatch(crd({ service, caBundle: btoa(bundle) }), options)).toBeUndefined();
  });

  test.each([
    undefined,
    {},
    { spec: { conversion: { strategy: "None" } } },
    crd({ service: { ...service, namespace: "x" } }),
  ])("is nothing for %j", (json) => expect(conversionTrustPatch(json, options)).toBeUndefined());
});
