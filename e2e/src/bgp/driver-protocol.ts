import type { Ip } from "@heraldlb/net";
import type { BgpChange, BgpDesired, BgpEnvironment } from "@heraldlb/speaker";

/** How to start a driver. */
export interface DriverSettings {
  readonly restart?: BgpEnvironment["restart"];
  readonly listen?: BgpEnvironment["listen"];
  readonly keptRoutes?: number;
  /** Looks for the routers at the other end of interfaces. Unset: it is told of them. */
  readonly findsNeighbors?: boolean;
}

/** What a driver is told. */
export type DriverRequest =
  | { readonly type: "replace"; readonly desired: BgpDesired }
  | { readonly type: "apply"; readonly changes: readonly BgpChange[] }
  | { readonly type: "neighbor"; readonly interface: string; readonly address: Ip }
  | { readonly type: "close"; readonly ending: "restart" | "shutdown"; readonly reason: string }
  | { readonly type: "status" };

/** What it says, each time. */
export interface DriverReply {
  readonly sessions: readonly SessionStatus[];
}

/** A session of a driver. */
export interface SessionStatus {
  readonly name: string;
  readonly state: string;
  readonly address?: Ip | undefined;
  readonly trouble?: string | undefined;
  readonly isConverged: boolean;
  readonly routes: { readonly wanted: number; readonly announced: number };
  readonly received: readonly string[];
}
