import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { emissaryDeployment, emissaryPolicies, emissaryRouting } from "../../fleet/gateways/emissaryObjects";
import { accountMismatch, type EmissaryGatewayPlan } from "../../fleet/gateways/plan";
import type { ResourceNames } from "../../fleet/objects/resourceNames";
import { type Inputs, renderObjects } from "../objects/render";

export interface EmissaryGatewayArgs {
  readonly cluster: string;
  readonly gateway: EmissaryGatewayPlan;
  /** Its release: pods created before its injector runs would have no proxy, and it brings the policy CRDs. */
  readonly controlPlane: pulumi.Resource;
  readonly names: ResourceNames;
}

/**
 * Makes an Emissary-ingress that somebody else owns carry the links as well. Its proxy does it, Envoy sees nothing of
 * it. Patched onto its Deployment, and by the multicluster extension onto its Service, is only what the chart's own
 * gateway has, and it is taken back on removal, in this order: the ports first, then the policies, then the
 * annotations of the pods.
 */
export class EmissaryGateway extends pulumi.ComponentResource {
  /** They close its ports: only then may its Service show them. */
  readonly policies: readonly pulumi.Resource[];

  constructor(name: string, args: EmissaryGatewayArgs, opts?: pulumi.ComponentResourceOptions) {
    const { gateway, cluster } = args;
    const { config } = gateway;
    super("linkerd-fleet:gateway:EmissaryGateway", name, { ...gateway }, opts);
    const child = { parent: this };
    const dependsOn = [args.controlPlane];
    const deployment = renderObjects(name, [emissaryDeployment(gateway)], { ...child, dependsOn }).get(
      "deployment",
      kubernetes.apps.v1.DeploymentPatch,
    );
    // In a first preview the outputs are the inputs; the status, which is none of them, is not known until there is
    // more.
    const selector = pulumi.all([deployment.spec, deployment.status]).apply(([spec]) => {
      const wrong = accountMismatch(cluster, config, spec?.template?.spec?.serviceAccountName);
      if (wrong !== undefined) throw new pulumi.RunError(wrong);
      return spec?.selector?.matchLabels ?? {};
    });
    const policies = emissaryPolicies<Inputs>(gateway, selector);
    this.policies = renderObjects(name, policies, { ...child, dependsOn }).all;
    const nameOf = (id: string) => args.names.inCluster(cluster, `emissary-${id}`);
    renderObjects(name, emissaryRouting(gateway), child, nameOf);
    this.registerOutputs({});
  }
}
