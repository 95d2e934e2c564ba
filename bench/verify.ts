import type { Result } from "../ops/verify/judge";
import { meshStackFile } from "../testing/liveFleet";
import { print } from "./figure";
import { withClusters } from "./memory/clusters";
import { fleetVerb } from "./memory/verb";

const CLUSTERS = 30;
/** An API server on another continent. */
const DISTANCE_MS = 100;

/** `npx fleet verify` on a mesh in memory, ten clusters on each API server, all in this process. */
async function main(): Promise<void> {
  const names = Array.from({ length: CLUSTERS }, (_, at) => `c${String(at + 1).padStart(2, "0")}`);
  await withClusters(
    meshStackFile(names),
    DISTANCE_MS,
    async ({ plan, stackFile, outputs, env, requests }) => {
      const args = ["--config", stackFile, "--outputs", outputs, "--json"];
      const { stdout, seconds } = await fleetVerb(["verify", ...args], env);
      const { results } = JSON.parse(stdout) as { results: Result[] };
      const ok = results.filter(({ outcome }) => outcome === "ok").length;
      if (ok !== results.length) throw new Error(`only ${ok} of ${results.length} results are ok`);
      print(`verify a mesh of ${CLUSTERS} clusters, each ${DISTANCE_MS} ms away`, seconds, "s", 30);
      print("  links", plan.links.length, "links");
      print("  requests", requests(), "requests");
      print("  results, all of them ok", ok, "results");
    },
  );
}

main();
