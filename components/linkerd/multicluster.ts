import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterPlan } from "../../fleet/clusters/plan";
import { emissaryService } from "../../fleet/gateways/emissaryObjects";
import { chartGatewayCallers, chartGatewayEgress, chartGatewayService } from "../../fleet/gateways/objects";
import { withoutAddress } from "../../fleet/gateways/plan";
import { extensionNamespace, pullSecretObjects } from "../../fleet/linkerd/objects";
import { multiclusterRelease } from "../../fleet/linkerd/releases";
import { base64 } from "../base64";
import type { EmissaryGateway } from "../gateways/emissaryGateway";
import { loadBalancerAddress } from "../gateways/loadBalancerAddress";
import { type Inputs, renderObjects } from "../objects/render";
import { chartRelease } from "./chart";

export interface MulticlusterArgs {
  readonly cluster: ClusterPlan;
  /** The control plane's release: pods created before its injector runs would have no proxy. */
  readonly controlPlane: pulumi.Resource;
  /** Carries the links in place of the chart's gateway. */
  readonly emissary?: EmissaryGateway;
  /** A secret configuration value of this stack. */
  readonly secret: (key: string) => pulumi.Output<string>;
}

/**
 * The multicluster extension in one cluster: its namespace, the gateway, the service-mirror controllers of the
 * outgoing links.
 */
export class Multicluster extends pulumi.ComponentResource {
  /** Accesses need only this, which keeps a full mesh free of cycles. */
  readonly namespace: kubernetes.core.v1.Namespace;
  readonly release: kubernetes.helm.v3.Release;
  /** Addresses of the gateway, separated by commas; `undefined` without one. */
  readonly gatewayAddress: pulumi.Output<string> | undefined;

  constructor(name: string, args: MulticlusterArgs, opts?: pulumi.ComponentResourceOptions) {
    const { cluster } = args;
    super(
      "linkerd-fleet:linkerd:Multicluster",
      name,
      { version: cluster.install.multicluster.version },
      opts,
    );
    const child = { parent: this };

    this.namespace = renderObjects(name, [extensionNamespace("multicluster", cluster)], child).get(
      "namespace",
      kubernetes.core.v1.Namespace,
    );
    const namespace = this.namespace.metadata.name;
    const emissary = this.emissaryService(name, args);
    const secret = (key: string) => base64(args.secret(key));
    const pullers = renderObjects(name, pullSecretObjects<Inputs>(cluster, namespace, secret), child).all;
    // Before the gateway itself: its first pod is held to it as well.
    const egress = renderObjects(name, chartGatewayEgress<Inputs>(cluster, namespace), child).all;
    this.release = chartRelease(`${name}-release`, multiclusterRelease(cluster), args.secret, {
      ...child,
      dependsOn: [this.namespace, args.controlPlane, ...pullers, ...egress, ...(emissary ? [emissary] : [])],
    });
    this.gatewayAddress = this.readGatewayAddress(cluster, emissary ?? this.chartService(name, cluster));
    // Taking the patches back would leave the required fields empty, which the API server refuses.
    const retained = { parent: this, dependsOn: [this.release], retainOnDelete: true };
    renderObjects(name, chartGatewayCallers<Inputs>(cluster, namespace), retained);
    this.registerOutputs({ gatewayAddress: this.gatewayAddress });
  }

  /**
   * In the state it is the same resource as the chart's: with `--continue-on-error` the engine would delete one that
   * is no longer there also when the Links that still refer to it are skipped, and then refuse its own state.
   */
  private emissaryService(
    name: string,
    { cluster, emissary }: MulticlusterArgs,
  ): kubernetes.core.v1.ServicePatch | undefined {
    const { gateway } = cluster;
    if (!emissary || !gateway.enabled || gateway.kind !== "emissary") return undefined;
    const child = { parent: this, dependsOn: [...emissary.policies] };
    const aliases = [{ name: `${cluster.name}-emissary-service`, parent: emissary }];
    return renderObjects(name, emissaryService(gateway), ({ id }) =>
      id === "gateway" ? { ...child, aliases } : { ...child, ignoreChanges: ["spec"] },
    ).get("gateway", kubernetes.core.v1.ServicePatch);
  }

  private chartService(name: string, cluster: ClusterPlan): kubernetes.core.v1.ServicePatch | undefined {
    const objects = chartGatewayService<Inputs>(cluster, this.namespace.metadata.name);
    if (objects.length === 0) return undefined;
    // When the gateway goes, its chart takes the Service away, and what is gone takes no patch back.
    const opts = { parent: this, dependsOn: [this.release], retainOnDelete: true };
    return renderObjects(name, objects, opts).get("gateway", kubernetes.core.v1.ServicePatch);
  }

  private readGatewayAddress(
    { name, gateway }: ClusterPlan,
    service: kubernetes.core.v1.ServicePatch | undefined,
  ): pulumi.Output<string> | undefined {
    if (gateway.enabled && gateway.addresses) return pulumi.output(gateway.addresses.join(","));
    if (!gateway.enabled || !service) return undefined;
    return pulumi.all([service.spec, service.status]).apply(([spec, status]) => {
      const wrong =
        gateway.kind === "emissary" ? withoutAddress(name, gateway.config, spec?.type) : undefined;
      if (wrong !== undefined) throw new pulumi.RunError(wrong);
      return loadBalancerAddress(status);
    });
  }
}
