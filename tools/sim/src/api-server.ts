import type { LeaseRecord } from "@heraldlb/election";

/** The Kubernetes API server, as far as it keeps the Lease. */
export class ApiServer {
  /** While it is down requests fail. */
  isUp = true;
  lease: LeaseRecord | undefined;
  #version = 0;

  set(isUp: boolean): void {
    this.isUp = isUp;
  }

  /** Writes on the condition that the Lease has this version; false if it has another. */
  write(lease: Omit<LeaseRecord, "version">, expected: string | undefined): boolean {
    if (this.lease?.version !== expected) return false;
    this.lease = { ...lease, version: `${++this.#version}` };
    return true;
  }

  /** `kubectl delete lease`. */
  deleteLease(): void {
    this.lease = undefined;
  }
}
