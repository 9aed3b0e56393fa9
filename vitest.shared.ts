import { defineConfig } from "vitest/config";

export default defineConfig({
  ssr: { resolve: { conditions: ["@heraldlb/source"] } },
  test: {
    include: ["src/**/*.test.ts"],
    // No test judges how fast a machine is: on a busy one the heaviest properties take ten times as long.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    reporters: ["default", ["json", { outputFile: "coverage/tests.json" }]],
  },
});
