import { describe, expect, test } from "vitest";
import {
  conversionTrustPatch,
  VALIDATION_PATHS,
  validatingWebhookConfiguration,
  webhookTrustPatch,
} from "./webhook-configuration.ts";

const service = { name: "herald-webhook", namespace: "herald" };
const bundle = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
const options = { service, bundle };

interface Configuration {
  readonly webhooks: readonly {
    readonly name: string;
    readonly clientConfig: { readonly service: { readonly path: string }; readonly caBundle?: string };
    readonly failurePolicy: string;
    readonly rules: readonly Record<string, readonly string[]>[];
  }[];
}

const configuration = (bundle?: string): Configuration =>
  // It is JSON.
  validatingWebhookConfiguration({
    name: "herald-webhook",
    service,
    failurePolicy: "Fail",
    bundle,
  }) as unknown as Configuration;

describe("the configuration", () => {
  test("has the names and rules of MetalLB's", () => {
    expect(
      configuration().webhooks.map(({ name, clientConfig, rules }) => [name, clientConfig.service.path, rules]),
    ).toEqual([
      ...(
        [
          ["bgppeer", "v1beta2", "bgppeers", ["CREATE", "UPDATE"]],
          ["ipaddresspool", "v1beta1", "ipaddresspools", ["CREATE", "UPDATE"]],
          ["bgpadvertisement", "v1beta1", "bgpadvertisements", ["CREATE", "UPDATE"]],
          ["community", "v1beta1", "communities", ["CREATE", "UPDATE"]],
          ["bfdprofile", "v1beta1", "bfdprofiles", ["CREATE", "DELETE"]],
          ["l2advertisement", "v1beta1", "l2advertisements", ["CREATE", "UPDATE"]],
        ] as const
      ).map(([kind, version, resource, operations]) => [
        `${kind}validationwebhook.metallb.io`,
        `/validate-metallb-io-${version}-${kind}`,
        [{ apiGroups: ["metallb.io"], apiVersions: [version], operations, resources: [resource] }],
      ]),
    ]);
  });

  test("leads only to paths that are served, of which there is one for each kind", () => {
    for (const { clientConfig } of configuration().webhooks)
      expect(VALIDATION_PATHS.has(clientConfig.service.path)).toBe(true);
    expect(new Set(VALIDATION_PATHS.values()).size).toBe(9);
  });

  test("trusts the bundle if there is one already", () => {
    expect(configuration(bundle).webhooks.map(({ clientConfig }) => clientConfig.caBundle)).toEqual(
      Array(6).fill(btoa(bundle)),
    );
  });
});

describe("the patch of webhooks", () => {
  test("is nothing when all of them trust the bundle", () => {
    expect(webhookTrustPatch(configuration(bundle), options)).toBeUndefined();
  });

  test("lets those trust it that do not, if they are still what they were", () => {
    const { webhooks } = configuration(bundle);
    const mixed = configuration("old")
      .webhooks.map((webhook, i) => (i === 1 ? webhooks[1] : webhook))
      .slice(0, 3);
    const patch = webhookTrustPatch({ webhooks: mixed }, options);
    expect(patch).toEqual(
      [0, 2].flatMap((i) => [
        { op: "test", path: `/webhooks/${i}/clientConfig/service`, value: mixed[i]?.clientConfig.service },
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
