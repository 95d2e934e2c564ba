import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stringify } from "yaml";
import { planFleet } from "../fleet/plan";
import { readStackFile } from "../live/stackFile";
import type { Result } from "../ops/verify/judge";
import { ApiServer } from "../testing/apiServer";
import { LiveFleet, meshStackFile } from "../testing/liveFleet";
import { print } from "./figure";

const CLUSTERS = 30;
const API_SERVERS = 3;
/** An API server on another continent. */
const DISTANCE_MS = 100;

/** `npx fleet verify` on a mesh in memory, ten clusters on each API server, all in this process. */
async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "linkerd-fleet-bench-"));
  const file = (name: string) => join(folder, name);
  const names = Array.from({ length: CLUSTERS }, (_, at) => `c${String(at + 1).padStart(2, "0")}`);
  writeFileSync(file("stack.yaml"), stringify(meshStackFile(names)));
  const { config, problems } = readStackFile(file("stack.yaml"));
  if (problems) throw new Error(JSON.stringify(problems));
  const plan = planFleet(config);
  const fleet = await LiveFleet.of(plan);
  writeFileSync(file("outputs.json"), JSON.stringify(fleet.outputs()));

  let requests = 0;
  const servers = await Promise.all(
    Array.from({ length: API_SERVERS }, async (_, at) => {
      const server = await ApiServer.start(async (asked) => {
        requests += 1;
        await sleep(DISTANCE_MS);
        return fleet.answer(asked);
      });
      writeFileSync(
        file(`kubeconfig-${at}`),
        server.kubeconfig(names.filter((_, of) => of % API_SERVERS === at)),
      );
      return server;
    }),
  );
  try {
    const kubeconfig = servers.map((_, at) => file(`kubeconfig-${at}`)).join(":");
    const program = join(__dirname, "..", "ops", "fleet.cjs");
    const args = ["--config", file("stack.yaml"), "--outputs", file("outputs.json"), "--json"];
    const start = performance.now();
    const { results } = await run([program, "verify", ...args], kubeconfig);
    const seconds = (performance.now() - start) / 1000;
    const ok = results.filter(({ outcome }) => outcome === "ok").length;
    if (ok !== results.length) throw new Error(`only ${ok} of ${results.length} results are ok`);
    print(`verify a mesh of ${CLUSTERS} clusters, each ${DISTANCE_MS} ms away`, seconds, "s", 30);
    print("  links", plan.links.length, "links");
    print("  requests", requests, "requests");
    print("  results, all of them ok", ok, "results");
  } finally {
    await Promise.all(servers.map((server) => server.close()));
    rmSync(folder, { recursive: true });
  }
}

function run(args: readonly string[], kubeconfig: string): Promise<{ results: Result[] }> {
  const options = { env: { ...process.env, KUBECONFIG: kubeconfig }, maxBuffer: 2 ** 28 };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      if (stderr !== "") reject(new Error(stderr));
      else if (stdout === "") reject(error);
      else resolve(JSON.parse(stdout) as { results: Result[] });
    });
  });
}

main();
