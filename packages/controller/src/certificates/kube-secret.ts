import { type Kube, KubeError } from "@heraldlb/kube";
import type { SecretData } from "./secret-data.ts";
import type { SecretStore } from "./settle.ts";

interface Secret {
  readonly metadata: { readonly resourceVersion: string; readonly [field: string]: unknown };
  /** In base64. */
  readonly data?: SecretData;
}

/** Which Secret. */
export interface KubeSecretOptions {
  readonly namespace: string;
  readonly name: string;
  /** Ends requests that are under way. */
  readonly signal?: AbortSignal | undefined;
}

/** A Secret of an API server. What others have put on it, such as labels, stays. */
export class KubeSecret implements SecretStore {
  readonly #kube: Pick<Kube, "request">;
  readonly #options: KubeSecretOptions;
  #read: Secret | undefined;

  constructor(kube: Pick<Kube, "request">, options: KubeSecretOptions) {
    this.#kube = kube;
    this.#options = options;
  }

  /** @throws KubeError */
  async read(): ReturnType<SecretStore["read"]> {
    this.#read = await this.#get();
    if (!this.#read) return undefined;
    const { metadata, data = {} } = this.#read;
    return { data: mapValues(data, atob), resourceVersion: metadata.resourceVersion };
  }

  /** @throws KubeError */
  async write(text: SecretData, expected: string | undefined): Promise<void> {
    const { namespace, name, signal } = this.#options;
    const data = mapValues(text, btoa);
    if (expected === undefined) {
      const metadata = { namespace, name };
      const body = { apiVersion: "v1", kind: "Secret", metadata, type: "Opaque", data };
      await this.#kube.request("POST", this.#folder, { body, signal });
      return;
    }
    const { metadata, ...fields } = this.#read ?? {};
    const body = { ...fields, metadata: { ...metadata, resourceVersion: expected }, data };
    await this.#kube.request("PUT", `${this.#folder}/${name}`, { body, signal });
  }

  async #get(): Promise<Secret | undefined> {
    const { name, signal } = this.#options;
    try {
      // The API server's own words.
      return (await this.#kube.request("GET", `${this.#folder}/${name}`, { signal })) as Secret;
    } catch (error) {
      if (error instanceof KubeError && error.status === 404) return undefined;
      throw error;
    }
  }

  get #folder(): string {
    return `/api/v1/namespaces/${this.#options.namespace}/secrets`;
  }
}

function mapValues(data: SecretData, change: (value: string) => string): SecretData {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, change(value)]));
}
