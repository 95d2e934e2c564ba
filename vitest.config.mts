import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

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

/** Small files that take long: they follow runbooks, some of which wait. At the end, one would leave a worker idle. */
const LONG = /\/lab\/(rotation|expired|audit|backAfterMonths)\.test\.ts$/;

/** The largest first, as by default, but for those. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) => LONG.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
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
