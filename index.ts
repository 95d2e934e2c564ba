import * as pulumi from "@pulumi/pulumi";
import { Fleet } from "./components/fleet";
import { readStackConfig } from "./components/stackConfig";
import { parseFleetConfig } from "./fleet/config/parse";
import { planFleet } from "./fleet/plan";
import { formatProblems } from "./fleet/problems";
import { describeClusters, describeLinks, describePlan, describeServices } from "./fleet/summary";

const parsed = parseFleetConfig(readStackConfig());
if (parsed.problems) throw new pulumi.RunError(formatProblems(parsed.problems));

const deployed = planFleet(parsed.config);
const config = new pulumi.Config();
const fleet = new Fleet("fleet", { plan: deployed, secret: (key) => config.requireSecret(key) });

/** Each cluster: address, region, network, gateway, version. */
export const clusters = describeClusters(deployed, fleet.gatewayAddresses);
/** Each link: source, target, what it carries. */
export const links = describeLinks(deployed);
/** Each service that crosses, and the clusters that export it. */
export const services = describeServices(deployed);
/** PEM of all trust anchors. */
export const trustBundle = fleet.trustBundle;
/** What this program decided, in plain data. */
export const plan = describePlan(deployed);
