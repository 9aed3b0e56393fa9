import { type Kube, KubeError } from "@heraldlb/kube";
import type { SecretData } from "./secret-data.ts";
import type { SecretStore } from "./settle.ts";

interface Secret {
  readonly metadata: { readonly resourceVersion: string; readonly [field: string]: unknown };
  /** In base64. */
  readonly data?: SecretData;
}

/** A Secret of an API server. What others have put on it, such as labels, stays. */
export class KubeSecret implements SecretStore {
  readonly #kube: Pick<Kube, "request">;
  readonly #namespace: string;
  readonly #name: string;
  #read: Secret | undefined;

  constructor(kube: Pick<Kube, "request">, { namespace, name }: { readonly namespace: string; readonly name: string }) {
    this.#kube = kube;
    this.#namespace = namespace;
    this.#name = name;
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
    const data = mapValues(text, btoa);
    if (expected === undefined) {
      const metadata = { namespace: this.#namespace, name: this.#name };
      const body = { apiVersion: "v1", kind: "Secret", metadata, type: "Opaque", data };
      await this.#kube.request("POST", this.#folder, { body });
      return;
    }
    const { metadata, ...fields } = this.#read ?? {};
    const body = { ...fields, metadata: { ...metadata, resourceVersion: expected }, data };
    await this.#kube.request("PUT", `${this.#folder}/${this.#name}`, { body });
  }

  async #get(): Promise<Secret | undefined> {
    try {
      // The API server's own words.
      return (await this.#kube.request("GET", `${this.#folder}/${this.#name}`)) as Secret;
    } catch (error) {
      if (error instanceof KubeError && error.status === 404) return undefined;
      throw error;
    }
  }

  get #folder(): string {
    return `/api/v1/namespaces/${this.#namespace}/secrets`;
  }
}

function mapValues(data: SecretData, change: (value: string) => string): SecretData {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, change(value)]));
}
