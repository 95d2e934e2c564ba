import { defineConfig } from "vitest/config";

/** Every core has a worker: by itself, Vitest leaves one out, which is half of a machine with two. */
const kind = (name: string, settings: object = {}) => ({
  test: {
    ...{ name, include: [`test/${name}/**/*.test.ts`], pool: "forks" as const, maxWorkers: "100%" },
    ...settings,
  },
});

export default defineConfig({
  test: {
    projects: [
      kind("unit", { testTimeout: 30_000 }),
      kind("policy", { testTimeout: 120_000, hookTimeout: 1_800_000 }),
      kind("engine", { testTimeout: 120_000, hookTimeout: 1_800_000, fileParallelism: false }),
      kind("browser", { testTimeout: 60_000, hookTimeout: 600_000 }),
      kind("lab", { testTimeout: 420_000, hookTimeout: 1_800_000, fileParallelism: false }),
    ],
  },
});
