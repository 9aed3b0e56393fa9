// `npm run bench [-- SUITE… --json FILE --quick]`: the figures that the documentation quotes, as JSON and as a table.
import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { allocation } from "./allocation.ts";
import { answers } from "./answers.ts";
import { bfd } from "./bfd.ts";
import { bgp } from "./bgp.ts";
import { bgpCodec } from "./bgp-codec.ts";
import { bgpRoutes } from "./bgp-routes.ts";
import { failover } from "./failover.ts";
import { kubernetes } from "./kubernetes.ts";
import { kubernetesBgp } from "./kubernetes-bgp.ts";
import { kubernetesTakeover } from "./kubernetes-takeover.ts";
import { memory } from "./memory.ts";
import { OWNERSHIP_PARTS, type OwnershipPart, ownership } from "./ownership.ts";
import { type Result, table } from "./result.ts";
import { validation } from "./validation.ts";

const BUSY_MINUTES = { full: 10, quick: 0.5 };

interface Extras {
  readonly minutes: number | undefined;
  readonly only: OwnershipPart | undefined;
  readonly metallb: string | undefined;
}

const SUITES: Readonly<Record<string, (quick: boolean, extras: Extras) => Promise<Result[]>>> = {
  allocation: async (quick) => allocation(quick ? 5 : 40),
  answers: (quick) =>
    answers(quick ? { requests: 300, rounds: 1, seconds: 1 } : { requests: 1000, rounds: 5, seconds: 4 }),
  bfd: (quick) => bfd(quick ? { detections: 1, soakSeconds: 5 } : { detections: 10, soakSeconds: 60 }),
  bgp: (quick) => bgp(quick ? { changes: 10, establishments: 2 } : { changes: 200, establishments: 10 }),
  "bgp-codec": async (quick) => bgpCodec(quick ? { routes: 10_000, rounds: 3 } : { routes: 100_000, rounds: 10 }),
  "bgp-routes": (quick) => bgpRoutes({ counts: quick ? [1_000] : [1_000, 10_000, 100_000] }),
  failover: (quick) => failover(quick ? { kills: 3, silences: 2, stops: 2 } : { kills: 100, silences: 30, stops: 20 }),
  kubernetes: (quick, { metallb }) =>
    kubernetes({
      ...(quick
        ? { counts: [100], more: 5, quietSeconds: 5 }
        : { counts: [1_000, 10_000], more: 100, quietSeconds: 60 }),
      metallb,
    }),
  "kubernetes-bgp": (quick) => kubernetesBgp({ changes: quick ? 10 : 200 }),
  "kubernetes-takeover": (quick) => kubernetesTakeover({ rounds: quick ? 2 : 20 }),
  memory,
  ownership: (quick, { minutes = quick ? BUSY_MINUTES.quick : BUSY_MINUTES.full, only }) =>
    ownership(
      quick
        ? { runs: 2, minutes, only, lossSeconds: 20, addresses: 1000 }
        : { runs: 30, minutes, only, lossSeconds: 60, addresses: 5000 },
    ),
  validation: (quick) => validation(quick ? 5 : 50),
};

const HELP = `npm run bench [-- SUITE... [--quick] [--json FILE]]

Measures Herald in network namespaces, as root, and prints a table.
SUITE is one or more of: ${Object.keys(SUITES).join(", ")}. Default: all.
--quick      few repetitions: shows that it works, not what it is worth
--minutes N  how long \`ownership\` counts moves under load; default ${BUSY_MINUTES.full}
--only PART  measures only a part of \`ownership\`: ${OWNERSHIP_PARTS.join(", ")}
--metallb F  a program, MetalLB's controller, that \`kubernetes\` measures beside Herald's
--json FILE  writes the results there too`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "string" },
    quick: { type: "boolean", default: false },
    minutes: { type: "string" },
    only: { type: "string" },
    metallb: { type: "string" },
    help: { type: "boolean" },
  },
});
const chosen = positionals.length > 0 ? positionals : Object.keys(SUITES);
const minutes = values.minutes === undefined ? undefined : Number(values.minutes);
const only = OWNERSHIP_PARTS.find((part) => part === values.only);
const unknown = chosen.filter((name) => !SUITES[name]);
if (values.help) {
  console.log(HELP);
} else if (minutes !== undefined && !(minutes > 0)) {
  console.error(`--minutes: ${values.minutes} is no number of minutes`);
  process.exitCode = 2;
} else if (values.only !== undefined && !only) {
  console.error(`--only: no such part: ${values.only}; there are ${OWNERSHIP_PARTS.join(", ")}`);
  process.exitCode = 2;
} else if (unknown.length > 0) {
  console.error(`no such suite: ${unknown.join(", ")}; there are ${Object.keys(SUITES).join(", ")}`);
  process.exitCode = 2;
} else {
  const results: Result[] = [];
  for (const name of chosen) {
    console.error(`measuring ${name} …`);
    results.push(...((await SUITES[name]?.(values.quick, { minutes, only, metallb: values.metallb })) ?? []));
  }
  const machine = `${cpus()[0]?.model.trim()}, ${cpus().length} cores, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`;
  console.log(`${machine}\n\n${table(results)}`);
  if (values.json) await writeFile(values.json, `${JSON.stringify({ machine, results }, undefined, 2)}\n`);
}
