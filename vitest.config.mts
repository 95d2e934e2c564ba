import { defineConfig } from "vitest/config";

/** Every core has a worker: by itself, Vitest leaves one out, which is half of a machine with two. */
const kind = (name: string, settings: object = {}) => ({
  test: {
    ...{ name, include: [`test/${name}/**/*.test.ts`], pool: "forks" as const, maxWorkers: "100%" },
    ...settings,
  },
});

/** One set of modules for all files of a worker: half of the work was loading them again. A file leaves nothing behind. */
const shared = { isolate: false };

/** Go collects its garbage a third as often: a seventh less CPU time for API servers, engine and plugins. */
const started = { hookTimeout: 1_800_000, env: { GOGC: "400" } };

export default defineConfig({
  test: {
    projects: [
      kind("unit", { testTimeout: 30_000, ...shared }),
      kind("policy", { testTimeout: 120_000, ...started }),
      kind("engine", { testTimeout: 120_000, ...started }),
      kind("browser", { testTimeout: 60_000, hookTimeout: 600_000 }),
      // Two labs at a time, on any number of cores: a lab waits for its clusters a quarter of its time.
      kind("lab", { testTimeout: 420_000, ...started, maxWorkers: 2, sequence: { groupOrder: 1 } }),
    ],
  },
});
