import type { types } from "@pulumi/kubernetes";

/**
 * Addresses of a LoadBalancer Service, separated by commas. A patch of one is ready only when there is an address;
 * should a refresh find it gone, an empty address makes the service mirrors keep the endpoints they have.
 */
export function loadBalancerAddress(status: types.output.core.v1.ServiceStatusPatch | undefined): string {
  return (status?.loadBalancer?.ingress ?? [])
    .map((ingress) => ingress.ip ?? ingress.hostname)
    .filter((address) => address !== undefined)
    .join(",");
}
