import type { Ip } from "@heraldlb/net";
import type { Action, Holding, Refusal } from "./action.ts";
import type { AllocatorConfig, Change } from "./change.ts";

/** Gives addresses to Services, incrementally: a changed Service costs work in proportion to itself. */
export class Allocator {
  constructor(config: AllocatorConfig) {
    void config;
  }

  /** Takes in changes that came together and says what follows from them, releases first. */
  apply(changes: readonly Change[]): Action[] {
    void changes;
    return [];
  }

  /** What the Service holds now. */
  holding(service: string): Holding | undefined {
    void service;
    return undefined;
  }

  /** Why the Service waits, or keeps the old address against its wish. */
  refusal(service: string): Refusal | undefined {
    void service;
    return undefined;
  }

  /** Keys of the Services that hold the address, sorted. */
  holders(address: Ip): readonly string[] {
    void address;
    return [];
  }

  /**
   * Keys of all Services tied to this one by a shared address, directly or over others, itself included, sorted.
   * Their addresses form one group, which has one layer-2 owner.
   */
  tied(service: string): readonly string[] {
    return [service];
  }
}
