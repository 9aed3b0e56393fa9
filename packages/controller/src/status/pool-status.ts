import type { PoolUsage } from "../usage.ts";

/** `status` of an IPAddressPool; numbers are int64. */
export interface PoolStatus {
  readonly assignedIPv4: bigint;
  readonly assignedIPv6: bigint;
  readonly availableIPv4: bigint;
  readonly availableIPv6: bigint;
}

const INT64_MAX = 2n ** 63n - 1n;

/**
 * How many addresses of a pool are in use and how many are left. More than an int64 can say is its greatest value, so
 * that is what a /64 has left whatever is in use.
 */
export function poolStatus({ total, used }: PoolUsage): PoolStatus {
  return {
    assignedIPv4: int64(BigInt(used.ipv4)),
    assignedIPv6: int64(BigInt(used.ipv6)),
    availableIPv4: int64(total.ipv4 - BigInt(used.ipv4)),
    availableIPv6: int64(total.ipv6 - BigInt(used.ipv6)),
  };
}

function int64(value: bigint): bigint {
  return value > INT64_MAX ? INT64_MAX : value;
}
