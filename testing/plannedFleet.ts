import * as pulumi from "@pulumi/pulumi";
import { FleetParts, type FleetPartsArgs } from "../components/fleetParts";

/** The resources of a plan, below the component of a fleet, without what the program does before the first one. */
export function plannedFleet(args: FleetPartsArgs): FleetParts {
  return new FleetParts(new pulumi.ComponentResource("linkerd-fleet:fleet:Fleet", "fleet"), args);
}
