import { toHundredths } from "./figure";
import { sectionsOf } from "./fleets";
import { MemoryFleet } from "./memory/fleet";
import { tell } from "./result";

/** A database for the row of its own, for example `postgres://postgres@127.0.0.1/postgres?sslmode=disable`. */
const { LINKERD_FLEET_BENCH_POSTGRES: postgres } = process.env;

/**
 * Settings that change what a checkpoint of a self-managed backend costs (`pulumi env`, PULUMI_DIY_BACKEND_…). The
 * engine is a Go program: GOGC lets its memory grow further before it collects garbage.
 */
const SETTINGS: Readonly<Record<string, NodeJS.ProcessEnv>> = {
  "as it comes": {},
  "no backups": { PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS: "true" },
  gzip: { PULUMI_DIY_BACKEND_GZIP: "true" },
  zstd: { PULUMI_DIY_BACKEND_ZSTD: "true" },
  "GOGC=400": { GOGC: "400" },
  "no backups, GOGC=400": { PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS: "true", GOGC: "400" },
  "no integrity check": { PULUMI_OPTION_DISABLE_INTEGRITY_CHECKING: "true" },
  ...(postgres === undefined ? {} : { PostgreSQL: { PULUMI_BACKEND_URL: postgres } }),
  "no checkpoints": { PULUMI_SKIP_CHECKPOINTS: "true" },
};

/** A first `up` of one stack whose clusters are in memory, with each setting. */
async function main(sizes: readonly number[]): Promise<void> {
  const fleet = await MemoryFleet.create();
  try {
    await fleet.warmUp(sectionsOf("hub", 2));
    for (const clusters of sizes) {
      for (const [index, [setting, variables]] of Object.entries(SETTINGS).entries()) {
        // A database outlives the run.
        const stack = `hub-${clusters}-${index}-${process.pid}`;
        const { seconds } = await fleet.firstUp(stack, sectionsOf("hub", clusters), variables);
        tell({ kind: "setting", clusters, setting, upSeconds: toHundredths(seconds) });
      }
    }
  } finally {
    fleet.remove();
  }
}

const sizes = process.argv.slice(2).map(Number);
main(sizes.length > 0 ? sizes : [3, 10]);
