import { defineConfig } from "vitest/config";

export default defineConfig({
  ssr: { resolve: { conditions: ["@heraldlb/source"] } },
  test: {
    include: ["src/**/*.test.ts"],
    // No module keeps a state that another file's tests could see, and to load every dependency anew for each file
    // takes longer than most tests.
    isolate: false,
    // No test judges how fast a machine is: on a busy one the heaviest properties take ten times as long.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    reporters: ["default", ["json", { outputFile: "coverage/tests.json" }]],
  },
});
