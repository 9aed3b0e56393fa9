import { defineConfig } from "vitest/config";

// One file at a time: labs are real processes on two cores, and a measured outage must not be another test's load.
export default defineConfig({
  ssr: { resolve: { conditions: ["@heraldlb/source"] } },
  test: {
    include: ["src/**/*.test.ts"],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ["default", ["json", { outputFile: "coverage/tests.json" }]],
  },
});
