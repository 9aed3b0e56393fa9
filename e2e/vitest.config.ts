import { defineConfig } from "vitest/config";

// They wait for routers, tools and refusals, and measure nothing. Two at a time halve that.
const sideBySide = [
  "src/{allocation,bfd,codecs,manifests,packages}/*.test.ts",
  "src/layer2/{examples,security}.test.ts",
  "src/link/{file-lock,interfaces,privileges,sanitizer,socket-option,threads,udp-socket}.test.ts",
  "src/bgp/{frr,interface-peer,life,malformed,other-routers,peers,unnumbered}.test.ts",
  "src/kubernetes/{assignment*,bgp*,chart*,cluster,configuration-state,kube,layer2*}.test.ts",
  "src/kubernetes/{installed,migration,proxy,service,status-writer,tokens,webhook}.test.ts",
];

export default defineConfig({
  ssr: { resolve: { conditions: ["@heraldlb/source"] } },
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ["default", ["json", { outputFile: "coverage/tests.json" }]],
    projects: [
      {
        extends: true,
        test: { name: "side by side", include: sideBySide, maxWorkers: 2, sequence: { groupOrder: 1 } },
      },
      {
        extends: true,
        test: {
          name: "alone",
          include: ["src/**/*.test.ts"],
          exclude: sideBySide,
          // Labs are real processes on two cores, and a measured outage must not be another test's load.
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
