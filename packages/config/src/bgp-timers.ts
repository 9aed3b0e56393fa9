import type { BgpPeer } from "./bgp-peer.ts";
import { seconds } from "./duration.ts";

/** Timers of a session, in seconds; undefined: the default. 0 turns hold and keepalive off. */
export interface BgpTimers {
  /** Whole seconds. */
  readonly hold: number | undefined;
  readonly keepalive: number | undefined;
  readonly connect: number | undefined;
}

/** A hold time alone means a third of it between keepalives, a keepalive time alone three times it as hold time. */
export function bgpTimers({ spec }: BgpPeer): BgpTimers {
  const [hold, keepalive, connect] = [spec.holdTime, spec.keepaliveTime, spec.connectTime].map((text) =>
    text === undefined ? undefined : seconds(text),
  );
  const whole = hold ?? (keepalive === undefined ? undefined : keepalive * 3);
  return {
    hold: whole === undefined ? undefined : Math.trunc(whole),
    keepalive: keepalive ?? (hold === undefined ? undefined : hold / 3),
    connect,
  };
}
