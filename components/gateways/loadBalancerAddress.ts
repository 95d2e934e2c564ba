import type { types } from "@pulumi/kubernetes";
import { ingressAddress } from "../../fleet/gateways/plan";

/**
 * Addresses of a LoadBalancer Service, separated by commas. A patch of one is ready only when there is an address;
 * should a refresh find it gone, an empty address makes the service mirrors keep the endpoints they have.
 */
export function loadBalancerAddress(status: types.output.core.v1.ServiceStatusPatch | undefined): string {
  return ingressAddress(status?.loadBalancer?.ingress ?? []);
}
