import { join } from "node:path";
import { cluster } from "../testing/fleets";
import { print } from "./figure";
import { withClusters } from "./memory/clusters";
import { fleetVerb, type RanVerb } from "./memory/verb";

const CLUSTERS = 1000;
const DISTANCE_MS = 10;

/** A hub of a thousand clusters in one stack file, more than one stack should deploy. Each exports a service. */
function stackFile(): object {
  const names = Array.from({ length: CLUSTERS }, (_, at) => `c${String(at + 1).padStart(4, "0")}`);
  // Of 4,096 networks of 4,096 addresses.
  const network = (at: number) => `10.${Math.floor(at / 16)}.${(at % 16) * 16}.0/20`;
  const services = [
    { name: "reports", namespace: "bi", mode: "gateway", in: names, ports: ["http"], allowGateway: true },
  ];
  return {
    config: {
      "linkerd-fleet:linkerd": { version: "2026.8.3" },
      "linkerd-fleet:trust": { anchors: [{ id: "2026", state: "active" }] },
      "linkerd-fleet:clusters": Object.fromEntries(
        names.map((name, at) => [name, cluster(name, { podNetworks: [network(at)] })]),
      ),
      "linkerd-fleet:topology": { kind: "hub", hub: names[0] },
      "linkerd-fleet:services": services,
    },
  };
}

function told(what: string, { seconds, megabytes }: RanVerb): void {
  print(`${what} a hub of ${CLUSTERS} clusters`, seconds, "s", 60);
  print("  memory of the whole process", megabytes, "MB", 4096);
}

async function main(): Promise<void> {
  await withClusters(stackFile(), DISTANCE_MS, async ({ folder, stackFile, outputs, env }) => {
    told("`fleet check` of", await fleetVerb(["check", stackFile]));
    told("`fleet plan` of", await fleetVerb(["plan", stackFile, "--json"]));
    told("`fleet graph` of", await fleetVerb(["graph", stackFile, "--out", join(folder, "fleet.svg")]));
    const args = ["--config", stackFile, "--outputs", outputs, "--json"];
    const verified = await fleetVerb(["verify", ...args], env);
    if (/"outcome":"(?!ok)/.test(verified.stdout)) throw new Error("not all is as it should be");
    told(`\`fleet verify\`, ${DISTANCE_MS} ms away, of`, verified);
  });
}

main();
