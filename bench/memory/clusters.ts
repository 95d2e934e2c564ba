import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stringify } from "yaml";
import { type Plan, planFleet } from "../../fleet/plan";
import { readStackFile } from "../../live/stackFile";
import { ApiServer } from "../../testing/apiServer";
import { LiveFleet } from "../../testing/liveFleet";

const API_SERVERS = 3;

/** A deployed fleet whose clusters are in this process, as a verb of `npx fleet` finds it. */
export interface Deployed {
  readonly plan: Plan;
  readonly folder: string;
  readonly stackFile: string;
  /** The file with the stack's outputs. */
  readonly outputs: string;
  readonly env: NodeJS.ProcessEnv;
  /** Requests so far. */
  readonly requests: () => number;
}

/** For as long as `use` takes. Every answer takes `distanceMs`. */
export async function withClusters(
  stackFile: object,
  distanceMs: number,
  use: (deployed: Deployed) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "linkerd-fleet-bench-"));
  const file = (name: string) => join(folder, name);
  writeFileSync(file("stack.yaml"), stringify(stackFile));
  const { config, problems } = readStackFile(file("stack.yaml"));
  if (problems) throw new Error(JSON.stringify(problems));
  const plan = planFleet(config);
  const fleet = await LiveFleet.of(plan);
  writeFileSync(file("outputs.json"), JSON.stringify(fleet.outputs()));
  const names = plan.clusters.map(({ name }) => name);
  let requests = 0;
  const servers = await Promise.all(
    Array.from({ length: API_SERVERS }, async (_, at) => {
      const server = await ApiServer.start(async (asked) => {
        requests += 1;
        await sleep(distanceMs);
        return fleet.answer(asked);
      });
      const own = names.filter((_, of) => of % API_SERVERS === at);
      writeFileSync(file(`kubeconfig-${at}`), server.kubeconfig(own));
      return server;
    }),
  );
  try {
    await use({
      ...{ plan, folder, stackFile: file("stack.yaml"), outputs: file("outputs.json") },
      env: { ...process.env, KUBECONFIG: servers.map((_, at) => file(`kubeconfig-${at}`)).join(":") },
      requests: () => requests,
    });
  } finally {
    await Promise.all(servers.map((server) => server.close()));
    rmSync(folder, { recursive: true });
  }
}
