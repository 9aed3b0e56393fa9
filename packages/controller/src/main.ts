import "@heraldlb/daemon/node-version";
import { readFileSync } from "node:fs";
import { runMain } from "@heraldlb/daemon";
import { exitNow } from "@heraldlb/link";
import { systemClock } from "@heraldlb/runtime";
import { runController } from "./run.ts";
import {
  clusterServiceOf,
  controllerOptions,
  controllerSecurity,
  idleOptions,
  sourceOf,
  timersOf,
} from "./settings.ts";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  readonly version: string;
};

await runMain({
  name: "herald-controller",
  version,
  description: "Decides which Service gets which addresses and which node announces them, and tells the speakers.",
  options: controllerOptions,
  idle: idleOptions,
  security: controllerSecurity,
  reviewsTokens: ({ source }) => source.type === "kubernetes",
  exit: exitNow,
  run: (settings, context) =>
    runController(
      {
        source: sourceOf(settings),
        services: clusterServiceOf(settings),
        listen: settings.listen,
        namespace: settings.namespace,
        loadBalancerClass: settings.lbClass,
        ignoreExcludeLabel: settings.ignoreExcludeLb,
        onStranded: settings.onStranded,
        timers: timersOf(settings),
      },
      { ...context, clock: systemClock, wallClock: () => Date.now() },
    ),
});
