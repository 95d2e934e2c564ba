import { join } from "node:path";
import { print } from "./figure";
import { hubOfThousand, THOUSAND } from "./fleets";
import { withClusters } from "./memory/clusters";
import { fleetVerb, type RanVerb } from "./memory/verb";

const DISTANCE_MS = 10;

function told(what: string, { seconds, megabytes }: RanVerb): void {
  print(`${what} a hub of ${THOUSAND} clusters`, seconds, "s", 60);
  print("  memory of the whole process", megabytes, "MB", 4096);
}

async function main(): Promise<void> {
  const config = Object.entries(hubOfThousand()).map(([section, value]) => [
    `linkerd-fleet:${section}`,
    value,
  ]);
  await withClusters(
    { config: Object.fromEntries(config) },
    DISTANCE_MS,
    async ({ folder, stackFile, outputs, env }) => {
      told("`fleet check` of", await fleetVerb(["check", stackFile]));
      told("`fleet plan` of", await fleetVerb(["plan", stackFile, "--json"]));
      told("`fleet graph` of", await fleetVerb(["graph", stackFile, "--out", join(folder, "fleet.svg")]));
      const args = ["--config", stackFile, "--outputs", outputs, "--json"];
      const verified = await fleetVerb(["verify", ...args], env);
      if (/"outcome":"(?!ok)/.test(verified.stdout)) throw new Error("not all is as it should be");
      told(`\`fleet verify\`, ${DISTANCE_MS} ms away, of`, verified);
    },
  );
}

main();
