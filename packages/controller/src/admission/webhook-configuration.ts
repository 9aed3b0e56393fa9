import { isObject, type JsonObject } from "./json.ts";

/** A Service that an API server reaches a webhook by. */
export interface WebhookService {
  readonly name: string;
  readonly namespace: string;
}

/** Where BGPPeers are converted. */
export const CONVERSION_PATH = "/convert";

interface Validation {
  readonly kind: string;
  /** Plural, as in URLs. */
  readonly resource: string;
  readonly version: "v1beta1" | "v1beta2";
  /** What an API server is to ask about. Nothing: what its own schema says is all there is to say. */
  readonly operations: readonly ("CREATE" | "UPDATE" | "DELETE")[];
}

const CHANGES = ["CREATE", "UPDATE"] as const;

/** As MetalLB's. A changed BFDProfile cannot contradict anything, but one that is in use must not go. */
const VALIDATIONS: readonly Validation[] = [
  { kind: "BGPPeer", resource: "bgppeers", version: "v1beta2", operations: CHANGES },
  { kind: "IPAddressPool", resource: "ipaddresspools", version: "v1beta1", operations: CHANGES },
  { kind: "BGPAdvertisement", resource: "bgpadvertisements", version: "v1beta1", operations: CHANGES },
  { kind: "Community", resource: "communities", version: "v1beta1", operations: CHANGES },
  { kind: "BFDProfile", resource: "bfdprofiles", version: "v1beta1", operations: ["CREATE", "DELETE"] },
  { kind: "L2Advertisement", resource: "l2advertisements", version: "v1beta1", operations: CHANGES },
  { kind: "ServiceL2Status", resource: "servicel2statuses", version: "v1beta1", operations: [] },
  { kind: "ServiceBGPStatus", resource: "servicebgpstatuses", version: "v1beta1", operations: [] },
  { kind: "ConfigurationState", resource: "configurationstates", version: "v1beta1", operations: [] },
];

/** The kind that is validated at each path. */
export const VALIDATION_PATHS: ReadonlyMap<string, string> = new Map(
  VALIDATIONS.map((validation) => [pathOf(validation), validation.kind]),
);

/** Settings of a ValidatingWebhookConfiguration. */
export interface WebhookConfigurationOptions {
  readonly name: string;
  readonly service: WebhookService;
  /** What to do with objects while nobody answers. */
  readonly failurePolicy: "Fail" | "Ignore";
  /** Certificates to trust, in PEM; undefined: to be filled in. */
  readonly bundle?: string | undefined;
}

/** The ValidatingWebhookConfiguration, with MetalLB's names and rules. */
export function validatingWebhookConfiguration({
  name,
  service,
  failurePolicy,
  bundle,
}: WebhookConfigurationOptions): JsonObject {
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    metadata: { name },
    webhooks: VALIDATIONS.filter(({ operations }) => operations.length > 0).map((validation) => ({
      name: `${validation.kind.toLowerCase()}validationwebhook.metallb.io`,
      admissionReviewVersions: ["v1"],
      clientConfig: {
        service: { ...service, path: pathOf(validation) },
        ...(bundle !== undefined && { caBundle: btoa(bundle) }),
      },
      failurePolicy,
      rules: [
        {
          ...{ apiGroups: ["metallb.io"], apiVersions: [validation.version] },
          ...{ operations: validation.operations, resources: [validation.resource] },
        },
      ],
      sideEffects: "None",
    })),
  };
}

/** One step of a JSON patch (RFC 6902). */
export interface PatchOperation {
  readonly op: "add" | "test";
  readonly path: string;
  readonly value: unknown;
}

/** Whom the clients of a Service are to trust. */
export interface TrustOptions {
  readonly service: WebhookService;
  /** Certificates in PEM. */
  readonly bundle: string;
}

/**
 * The JSON patch after which all webhooks of a ValidatingWebhookConfiguration that lead to the Service trust the
 * bundle; undefined: they do. Webhooks that lead elsewhere are somebody else's.
 */
export function webhookTrustPatch(
  configuration: unknown,
  options: TrustOptions,
): readonly PatchOperation[] | undefined {
  const { webhooks } = isObject(configuration) ? configuration : {};
  if (!Array.isArray(webhooks)) return undefined;
  const patch = webhooks.flatMap((webhook: unknown, i) => {
    const { clientConfig } = isObject(webhook) ? webhook : {};
    return clientPatch(clientConfig, `/webhooks/${i}/clientConfig`, options);
  });
  return patch.length > 0 ? patch : undefined;
}

/**
 * The JSON patch after which a CustomResourceDefinition whose versions are converted by the Service trusts the bundle;
 * undefined: it does, or somebody else converts.
 */
export function conversionTrustPatch(crd: unknown, options: TrustOptions): readonly PatchOperation[] | undefined {
  const path = ["spec", "conversion", "webhook", "clientConfig"];
  const client = path.reduce<unknown>((json, key) => (isObject(json) ? json[key] : undefined), crd);
  const patch = clientPatch(client, `/${path.join("/")}`, options);
  return patch.length > 0 ? patch : undefined;
}

function clientPatch(client: unknown, path: string, { service, bundle }: TrustOptions): readonly PatchOperation[] {
  const { service: target, caBundle: present } = isObject(client) ? client : {};
  const { name, namespace } = isObject(target) ? target : {};
  if (name !== service.name || namespace !== service.namespace) return [];
  const caBundle = btoa(bundle);
  if (present === caBundle) return [];
  return [
    // It may have changed places since it was read.
    { op: "test", path: `${path}/service`, value: target },
    { op: "add", path: `${path}/caBundle`, value: caBundle },
  ];
}

function pathOf({ version, kind }: Validation): string {
  return `/validate-metallb-io-${version}-${kind.toLowerCase()}`;
}
