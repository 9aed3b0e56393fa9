import { defineConfig } from "vitest/config";

// Hardly anything happens in these but that timers of routers and speakers run out.
const waiting = [
  "src/bfd/*.test.ts",
  "src/bgp/{life,unnumbered}.test.ts",
  "src/layer2/security.test.ts",
  "src/link/interfaces.test.ts",
];

// They wait for routers, tools and refusals, and measure nothing. Two at a time halve that.
const sideBySide = [
  "src/{allocation,codecs,manifests,packages}/*.test.ts",
  "src/docs/links.test.ts",
  "src/layer2/examples.test.ts",
  "src/link/{file-lock,privileges,sanitizer,socket-option,threads,udp-socket}.test.ts",
  "src/bgp/{cluster,frr,interface-peer,malformed,other-routers,peers}.test.ts",
  "src/kubernetes/{assignment*,bgp*,chart*,cluster,configuration-state,kube,layer2*}.test.ts",
  "src/kubernetes/{installed,migration,proxy,service,status-writer,tokens,webhook}.test.ts",
];

// Like those, but short to look at and long to run: begun last it would end alone, when there is nothing left beside it.
const begunFirst = ["src/docs/docs.test.ts"];

export default defineConfig({
  ssr: { resolve: { conditions: ["@heraldlb/source"] } },
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ["default", ["json", { outputFile: "coverage/tests.json" }]],
    projects: [
      {
        extends: true,
        // Of projects in one group the files of the first one by name are begun first.
        test: { name: "begun first", include: begunFirst, maxWorkers: 2, sequence: { groupOrder: 1 } },
      },
      {
        extends: true,
        test: { name: "side by side", include: sideBySide, maxWorkers: 2, sequence: { groupOrder: 1 } },
      },
      {
        extends: true,
        test: { name: "waiting", include: waiting, maxWorkers: 3, sequence: { groupOrder: 2 } },
      },
      {
        extends: true,
        test: {
          name: "alone",
          include: ["src/**/*.test.ts"],
          exclude: [...waiting, ...sideBySide, ...begunFirst],
          // Labs are real processes on two cores, and a measured outage must not be another test's load.
          maxWorkers: 1,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
