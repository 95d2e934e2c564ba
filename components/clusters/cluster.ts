import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { accessRoles, roleId } from "../../fleet/access/objects";
import type { AccessPlan } from "../../fleet/access/plan";
import type { AccessScope } from "../../fleet/access/role";
import type { AdmissionPlan } from "../../fleet/admission/plan";
import { namespaceObjects, restartObjects } from "../../fleet/clusters/objects";
import type { ClusterPlan } from "../../fleet/clusters/plan";
import { exportKey, type ServiceName } from "../../fleet/config/names";
import type { ExportPlan } from "../../fleet/exports/plan";
import type { GrantPlan } from "../../fleet/grants/plan";
import type { ResourceNames } from "../../fleet/objects/resourceNames";
import { rollingRestarts } from "../../fleet/restart/objects";
import type { RoutePlan } from "../../fleet/traffic/plan";
import type { TrustPlan } from "../../fleet/trust/plan";
import { Admission } from "../admission/admission";
import { ExportedService } from "../exports/exportedService";
import { EmissaryGateway } from "../gateways/emissaryGateway";
import { Grant } from "../grants/grant";
import { ControlPlane, type IssuerSource } from "../linkerd/controlPlane";
import { Multicluster } from "../linkerd/multicluster";
import { aliasOf, renderObjects } from "../objects/render";
import { Observability } from "../observability/observability";
import { Viz } from "../observability/viz";
import type { Order } from "../order";
import { TrafficRoute } from "../traffic/trafficRoute";
import type { Trust } from "../trust/trust";

export interface ClusterArgs {
  readonly cluster: ClusterPlan;
  readonly exports: readonly ExportPlan[];
  readonly order: Order;
  /** One for each of `exports`. */
  readonly grants: readonly GrantPlan[];
  readonly routes: readonly RoutePlan[];
  /** Admission policies of the cluster; absent if admission is off. */
  readonly admission: AdmissionPlan | undefined;
  /** Releases that must be as they should before this cluster's control plane is touched. */
  readonly waveBefore: readonly pulumi.Resource[];
  /** Restarts of the clusters of the waves before, which this cluster's own wait for. */
  readonly restartsBefore: readonly pulumi.Resource[];
  readonly trust: Trust;
  /** Who signs what, and for how long. */
  readonly plan: Pick<TrustPlan, "clusterIssuer" | "issuer" | "webhooks">;
  readonly names: ResourceNames;
  /** The accesses that this cluster grants. */
  readonly accesses: readonly AccessPlan[];
  /** A secret configuration value of this stack. */
  readonly secret: (key: string) => pulumi.Output<string>;
}

/** Everything one cluster holds whatever it is linked to. Its Kubernetes provider comes through the options. */
export class Cluster extends pulumi.ComponentResource {
  readonly controlPlane: ControlPlane;
  readonly multicluster: Multicluster;
  /** Addresses of the gateway, separated by commas; `undefined` without one. */
  readonly gatewayAddress: pulumi.Output<string> | undefined;
  /** The role of this cluster's accesses of a scope. */
  readonly accessRole: (scope: AccessScope) => kubernetes.rbac.v1.ClusterRole;
  /** By `exportKey`. */
  readonly exported: ReadonlyMap<string, ExportedService>;
  readonly routes: readonly (readonly [RoutePlan, pulumi.Resource])[];
  /** Restarts of selected workloads. */
  readonly restarts: readonly pulumi.Resource[];

  constructor(name: string, args: ClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    const { cluster, trust, admission } = args;
    super("linkerd-fleet:cluster:Cluster", name, { state: cluster.state }, opts);
    const child = { parent: this };

    if (admission) new Admission(`${name}-admission`, { admission }, child);

    const { clusterIssuer, issuer: lifetime, webhooks } = args.plan;
    this.controlPlane = new ControlPlane(
      `${name}-linkerd`,
      {
        cluster,
        trustBundle: trust.bundle,
        issuer:
          clusterIssuer === undefined ? this.issuer(`${name}-issuer`, args) : { clusterIssuer, lifetime },
        webhooks,
        waveBefore: args.waveBefore,
        secret: args.secret,
      },
      child,
    );
    const { gateway } = cluster;
    const emissary =
      gateway.enabled && gateway.kind === "emissary"
        ? new EmissaryGateway(
            `${name}-emissary`,
            { cluster: cluster.name, gateway, controlPlane: this.controlPlane.release, names: args.names },
            child,
          )
        : undefined;
    this.multicluster = new Multicluster(
      `${name}-multicluster`,
      {
        cluster,
        controlPlane: this.controlPlane.release,
        ...(emissary && { emissary }),
        secret: args.secret,
      },
      child,
    );
    this.gatewayAddress = this.multicluster.gatewayAddress;
    const { viz } = cluster.install;
    if (viz) {
      const { release: controlPlane } = this.controlPlane;
      new Viz(`${name}-viz`, { cluster, viz, controlPlane, secret: args.secret }, child);
    }
    if (cluster.observability) {
      new Observability(
        `${name}-observability`,
        {
          observability: cluster.observability,
          namespace: this.multicluster.namespace.metadata.name,
          multicluster: this.multicluster.release,
        },
        child,
      );
    }
    const roles = renderObjects(name, accessRoles(args.accesses), child);
    this.accessRole = (scope) => roles.get(roleId(scope), kubernetes.rbac.v1.ClusterRole);
    const { release } = this.controlPlane;
    const nameOf = (id: string) => args.names.inCluster(name, id);
    const named = (of: ServiceName, suffix = "") => {
      const called = nameOf(`${of.namespace}/${of.name}`);
      return [called.name + suffix, { ...child, ...aliasOf(called, suffix) }] as const;
    };
    const grants = new Map(
      args.grants.map((grant) => {
        const [called, opts] = named(grant, "-grant");
        return [
          exportKey(grant),
          new Grant(called, { grant, controlPlane: release, names: args.names }, opts),
        ];
      }),
    );
    const exported = new Map(
      args.exports.map((one) => {
        const [called, opts] = named(one);
        const closing = grants.get(exportKey(one))?.made ?? [];
        const others = args.order.beforeLabel(one, this.multicluster.release);
        const after = others?.then((resources) => [...closing, ...resources]) ?? closing;
        return [exportKey(one), new ExportedService(called, { export: one, after }, opts)];
      }),
    );
    renderObjects(name, namespaceObjects(cluster), child, nameOf);
    // Before its injector has the new bundle, a pod would start with the old one.
    // Retained: what leaves the stack file, or belongs to a fleet that goes, must not restart once more for that.
    const restarting = { ...child, retainOnDelete: true };
    renderObjects(name, restartObjects(cluster), { ...restarting, dependsOn: [release] }, nameOf);
    const { timeoutSeconds = 0 } = cluster.restart.rolling ?? {};
    const customTimeouts = { create: `${timeoutSeconds}s`, update: `${timeoutSeconds}s` };
    const after = { ...restarting, customTimeouts, dependsOn: [release, ...args.restartsBefore] };
    this.restarts = renderObjects(name, rollingRestarts(cluster), after, nameOf).all;
    this.routes = args.routes.map((route) => {
      const [called, opts] = named(route, `-traffic-${route.port}`);
      // The Gateway API's CRDs come before the release, and it validates routes.
      const after = args.order.beforeRoute(route)?.then((others) => [release, ...others]) ?? [release];
      return [route, new TrafficRoute(called, { route, after }, opts).route] as const;
    });
    this.exported = exported;
    this.registerOutputs({});
  }

  /** The one that the cluster has, or one of the active anchor: the stack that owns it signs. */
  private issuer(name: string, { cluster, trust, plan, secret }: ClusterArgs): IssuerSource {
    const { issuer } = cluster;
    if (issuer) {
      return {
        certificatePem: issuer.certificate,
        privateKeyPem: secret(issuer.privateKey.secret),
        anchorPem: issuer.anchor.certificate,
      };
    }
    const anchorPem = trust.activePem;
    const given = trust.givenIssuers[cluster.name];
    if (given) {
      const { certificatePem, privateKeyPem } = given;
      return { certificatePem, privateKeyPem: pulumi.secret(privateKeyPem), anchorPem };
    }
    const { trustDomain, generations } = cluster;
    const { certificatePem, privateKeyPem } = trust.issuer(
      name,
      { trustDomain, lifetime: plan.issuer, generation: generations.issuer },
      { parent: this },
    );
    return { certificatePem, privateKeyPem, anchorPem };
  }
}
