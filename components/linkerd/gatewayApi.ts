import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { ClusterPlan } from "../../fleet/clusters/plan";
import { ownGatewayApiCrd } from "../../fleet/linkerd/gatewayApi";
import { readGatewayApi } from "../../live/gatewayApi";

/**
 * The Gateway API's CRDs of the stack file's own file, if it has one. Retained: without its CRD, every route of the
 * cluster would go, also those of others.
 */
export function gatewayApiResources(
  name: string,
  { install: { gatewayApi } }: ClusterPlan,
  opts: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  if (typeof gatewayApi === "string") return [];
  return readGatewayApi(process.cwd(), gatewayApi.file).map((crd) => {
    const [plural] = crd.metadata.name.split(".");
    const retained = { ...opts, retainOnDelete: true };
    return new kubernetes.apiextensions.CustomResource(
      `${name}-gateway-api-${plural}`,
      ownGatewayApiCrd(crd, gatewayApi),
      retained,
    );
  });
}
