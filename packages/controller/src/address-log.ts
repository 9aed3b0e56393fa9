import type { Action, RefusedPool } from "@heraldlb/ipam";
import type { Logger } from "@heraldlb/runtime";

/** Says in the log what the allocator has decided. `holds`: the Service has addresses now. */
export function logAction(log: Logger, action: Action, { holds }: { readonly holds: boolean }): void {
  const { service } = action;
  switch (action.type) {
    case "assign": {
      const { addresses, pool, cause, stranded, refused } = action;
      const fields = { service, addresses, pool };
      if (stranded) log.warn("addresses stranded", { ...fields, reason: stranded });
      else if (cause === "restored") log.debug("addresses kept", fields);
      else log.info("addresses given", { ...fields, reason: cause, pools: poolFields(refused) });
      break;
    }
    case "release": {
      const { addresses, reason, message } = action;
      log.info("addresses taken away", { service, addresses, reason, detail: message });
      break;
    }
    case "refuse": {
      const { reason, message, until, refused } = action;
      const fields = { service, reason, detail: message, until: dateOf(until), pools: poolFields(refused) };
      log.info(holds ? "addresses not as wished" : "no addresses given", fields);
      break;
    }
  }
}

const dateOf = (time: number | undefined): Date | undefined => (time === undefined ? undefined : new Date(time));

/** The pools that did not serve, for people; undefined if there are none. */
const poolFields = (refused: readonly RefusedPool[]): readonly unknown[] | undefined =>
  refused.length > 0 ? refused.map((pool) => ({ ...pool, until: dateOf(pool.until) })) : undefined;
