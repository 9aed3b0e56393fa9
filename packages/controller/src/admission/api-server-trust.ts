import { isObject } from "./json.ts";

/** A Service that an API server reaches a webhook by. */
export interface WebhookService {
  readonly name: string;
  readonly namespace: string;
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
