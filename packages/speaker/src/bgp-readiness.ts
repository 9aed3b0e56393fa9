import type { Health } from "@heraldlb/daemon";
import type { Clock } from "@heraldlb/runtime";

// A router that is not there must not keep a roll-out from going on.
const PATIENCE_MS = 30_000;
const LOOK_MS = 100;

/** Says that the process is not ready: sessions are about to be opened. */
export function awaitSessions(health: Health): void {
  health.unready("bgp", "not all routers have been told all routes");
}

/** Says that it is ready once every router has been told everything, or after 30 s. */
export function reportSessions(clock: Clock, health: Health, isConverged: () => boolean): void {
  const deadline = clock.now() + PATIENCE_MS;
  const look = () => {
    if (isConverged() || clock.now() >= deadline) health.ready("bgp");
    else clock.timer(LOOK_MS, look);
  };
  look();
}
