import { readFileSync } from "node:fs";
import { configDefaults, defineConfig } from "vitest/config";

const kind = (name: string, settings: object = {}) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], pool: "forks" as const, ...settings },
});

/** Lab tests that are not run; the file says why. */
const { files: unproven }: { files: string[] } = JSON.parse(readFileSync("test/lab/unproven.json", "utf8"));
const left = process.env.LINKERD_FLEET_UNPROVEN === "1" ? [] : unproven;

export default defineConfig({
  test: {
    projects: [
      kind("unit", { testTimeout: 30_000 }),
      kind("policy", { testTimeout: 120_000, hookTimeout: 1_800_000 }),
      kind("engine", { testTimeout: 120_000, hookTimeout: 1_800_000, fileParallelism: false }),
      kind("browser", { testTimeout: 60_000, hookTimeout: 600_000 }),
      kind("lab", {
        testTimeout: 600_000,
        hookTimeout: 1_800_000,
        fileParallelism: false,
        exclude: [...configDefaults.exclude, ...left.map((name) => `test/lab/${name}.test.ts`)],
      }),
    ],
  },
});
