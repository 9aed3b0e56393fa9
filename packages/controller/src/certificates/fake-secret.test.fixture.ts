import { KubeError } from "@heraldlb/kube";
import type { SecretData } from "./secret-data.ts";
import type { SecretStore } from "./settle.ts";

/** A Secret as an API server keeps it: what is written on top of something else is refused. */
export class FakeSecret implements SecretStore {
  /** What is stored. */
  data: SecretData | undefined;
  /** Fails every request. */
  problem: Error | undefined;
  /** How many times it was written. */
  writes = 0;
  /** Lets others have their turn between a read and its answer. */
  latency: () => Promise<void> = async () => {};
  #version = 0;

  async read(): ReturnType<SecretStore["read"]> {
    if (this.problem) throw this.problem;
    const stored = this.data && { data: this.data, resourceVersion: String(this.#version) };
    await this.latency();
    return stored;
  }

  async write(data: SecretData, expected: string | undefined): Promise<void> {
    if (this.problem) throw this.problem;
    const stored = this.data ? String(this.#version) : undefined;
    if (expected !== stored) throw new KubeError("the object has been modified", { status: 409, reason: "Conflict" });
    this.put(data);
    this.writes++;
  }

  /** Changes it as somebody else would. */
  put(data: SecretData | undefined): void {
    this.data = data;
    this.#version++;
  }
}
