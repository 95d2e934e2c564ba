import { fleetConfig } from "../fleet/config/fleetConfig";
import { indexed } from "../fleet/effective/cluster";
import { planFleet } from "../fleet/plan";
import { compareAccess, stateOf } from "../testing/effective";
import { plannedObjects } from "../testing/effectiveFleet";
import { peakMemory, print } from "./figure";
import { sectionsOf } from "./fleets";

const CLUSTERS = 30;
const SERVICES = 100;

/** Who reaches what in a mesh whose every cluster serves every service, by the objects that the program makes. */
function main(): void {
  const sections = sectionsOf("mesh", CLUSTERS);
  const clusters = sections.clusters as Record<string, Record<string, unknown>>;
  const names = Object.keys(clusters);
  const numbered = names.map((name, at) => [
    name,
    { ...clusters[name], podNetworks: [`10.${at + 1}.0.0/16`] },
  ]);
  const services = Array.from({ length: SERVICES }, (_, at) => ({
    ...{ name: `s${at}`, namespace: `team-${at % 10}`, in: names, ports: ["http"] },
    ...(at % 2 === 0
      ? { mode: "gateway", allowGateway: true }
      : { mode: "federated", allow: [{ serviceAccount: "web", namespace: "shop" }] }),
  }));
  const plan = planFleet(
    fleetConfig.parse({ ...sections, clusters: Object.fromEntries(numbered), services }),
  );
  const states = new Map(
    plan.clusters.map((cluster, at) => {
      const { name, trustDomain, controlPlaneNamespace, clusterDomain } = cluster;
      const objects = plannedObjects(plan, cluster, at + 1, []);
      return [name, stateOf(objects, { trustDomain, controlPlaneNamespace, clusterDomain }, name)];
    }),
  );
  const start = process.cpuUsage();
  const differences = compareAccess(
    plan,
    new Map([...states].map(([name, state]) => [name, indexed(state)])),
  );
  const { user, system } = process.cpuUsage(start);
  if (differences.length > 0)
    throw new Error(`${differences.length} differences in a fleet that is as planned`);
  print(
    `who reaches ${SERVICES} services in each of ${CLUSTERS} clusters, in processor time`,
    (user + system) / 1e6,
    "s",
    10,
  );
  print("  exported services", plan.exports.length, "services");
  print("  memory of the whole process", peakMemory(), "MB", 1000);
}

main();
