import { z } from "zod";
import { linkKubeconfig } from "../fleet/access/credentials";
import { clusterObjects, type Known } from "../fleet/clusterObjects";
import type { ClusterPlan } from "../fleet/clusters/plan";
import type { Mode } from "../fleet/config/common";
import { isMap, map } from "../fleet/config/json";
import { accessName, TOKEN_TYPE } from "../fleet/config/names";
import { exportLabels } from "../fleet/exports/labels";
import { clusterReleases } from "../fleet/linkerd/releases";
import { WEBHOOKS } from "../fleet/linkerd/values";
import { mirroredModes } from "../fleet/links/mirrors";
import { collectionOf } from "../fleet/objects/kinds";
import { type FleetObject, manifestOf } from "../fleet/objects/object";
import type { Plain } from "../fleet/objects/values";
import type { Plan } from "../fleet/plan";
import { certificate, type Pair } from "./authority";
import { CREATED, plannedObjects } from "./effectiveFleet";
import { controlPlanePods, ofCharts, ofManagers, released } from "./liveCharts";
import { ofMirror } from "./liveMirror";
import { ADDRESS, at, base64, clusterOf, exportsOf, POLICY, type Stored } from "./stored";

/** All certificate authorities that a fleet in memory has in common. */
interface Authorities {
  readonly anchor: Pair;
  readonly ca: Pair;
}

/** Everything in one cluster of a fleet that is as planned: what the fleet makes, over what others make. */
export async function liveObjects(
  plan: Plan,
  cluster: ClusterPlan,
  { anchor, ca }: Authorities,
): Promise<Stored[]> {
  const { controlPlaneNamespace, trustDomain } = cluster;
  const issuer = await certificate({ host: `identity.linkerd.${trustDomain}`, ca: true }, anchor);
  const webhooks = await Promise.all(
    WEBHOOKS.map(async (webhook) => {
      const pair = await certificate({ host: `${webhook.service}.${controlPlaneNamespace}.svc` });
      return { ...webhook, pair };
    }),
  );
  const encoded = ({ pem, key }: Pair) => ({ certificate: base64(pem), privateKey: base64(key) });
  const known: Known<Plain> = {
    stackFile: "Pulumi.test.yaml",
    secret: (key) => base64(`secret ${key}`),
    trustBundle: anchor.pem,
    issuer: { ...encoded(issuer), anchor: base64(anchor.pem) },
    webhook: (service) => {
      const webhook = webhooks.find((one) => one.service === service);
      if (!webhook) throw new Error(`no webhook ${service}`);
      return encoded(webhook.pair);
    },
    tokenName: ({ serviceAccount }, generation) => `${serviceAccount}-drawn${generation}`,
    kubeconfig: ({ source, target }) => {
      const credentials = { caData: base64(ca.pem), token: tokenFor(source) };
      return base64(linkKubeconfig(clusterOf(plan, target), accessName(source), credentials));
    },
    gatewayAddress: ({ target }) => {
      const { gateway } = clusterOf(plan, target);
      return (gateway.enabled ? gateway.addresses?.join(",") : undefined) ?? ADDRESS;
    },
    generation: ({ source, target }) =>
      plan.accesses.find((one) => one.source === source && one.target === target)?.generation ?? 1,
    selector: ({ name }) => ({ app: name }),
    gatewaySelector:
      cluster.gateway.enabled && cluster.gateway.kind === "emissary"
        ? { app: cluster.gateway.config.deployment }
        : {},
  };
  const certificates = {
    bundle: anchor.pem,
    webhooks: webhooks.map(({ value, pair }) => ({ value, caBundle: pair.pem })),
  };
  const others = [
    ...ofOwners(plan, cluster),
    ...clusterReleases(cluster, certificates).map(released),
    ...ofCharts(cluster),
    ...controlPlanePods(cluster, anchor.pem),
    ...ofManagers(plan, cluster, { anchor, issuer }),
    ...plan.links.filter(({ source }) => source === cluster.name).flatMap((link) => ofMirror(plan, link)),
    at("/api/v1/configmaps", controlPlaneNamespace, "kube-root-ca.crt", { data: { "ca.crt": ca.pem } }),
    at("/api/v1/configmaps", controlPlaneNamespace, "linkerd-config", {
      data: { values: JSON.stringify({ identityTrustAnchorsPEM: anchor.pem }) },
    }),
    ...webhooks.flatMap(({ service, pair }) =>
      ["mutating", "validating"].map((kind) =>
        at(
          `/apis/admissionregistration.k8s.io/v1/${kind}webhookconfigurations`,
          "",
          `${service}-webhook-config`,
          { webhooks: [{ clientConfig: { caBundle: base64(pair.pem) } }] },
        ),
      ),
    ),
  ];
  const ours = clusterObjects(plan, cluster, known).flatMap(({ objects }) => objects);
  const own = ours.flatMap((object) => (object.patch ? [] : [made(plan, object)]));
  return ours.reduce(
    (stored, object) => (object.patch ? patched(stored, object) : stored),
    [...others, ...own],
  );
}

const tokenFor = (source: string | undefined) => `token-of-${source}`;

/** An object of the fleet's own; with what a service mirror reports, where it is a Link. */
function made(plan: Plan, wanted: FleetObject): Stored {
  const manifest = manifestOf(wanted);
  const object = { ...manifest, metadata: { ...manifest.metadata, creationTimestamp: CREATED } };
  const collection = collectionOf(object);
  // As Kubernetes' own controller fills it, and the credentials of the source hold it.
  if ("type" in wanted && wanted.type === TOKEN_TYPE) {
    return {
      ...object,
      collection,
      data: { token: base64(tokenFor(wanted.metadata.labels?.["linkerd-fleet/source"])) },
    };
  }
  if (wanted.kind !== "Link") return { ...object, collection };
  const taken = (mode: Mode) =>
    exportsOf(plan, object.metadata.name).filter((one) =>
      mirroredModes(wanted.spec, exportLabels(one)).includes(mode),
    );
  const report = (one: { readonly name: string; readonly namespace: string }) => ({
    remoteRef: { name: one.name, namespace: one.namespace },
    conditions: [{ type: "Mirrored", status: "True", reason: "Mirrored", message: "" }],
  });
  const status = {
    mirrorServices: [...taken("gateway"), ...taken("flat")].map(report),
    federatedServices: taken("federated").map(report),
  };
  return { ...object, collection, status };
}

/** Somebody else's object with the fleet's fields on it. */
function patched(stored: readonly Stored[], patch: FleetObject): Stored[] {
  const object = manifestOf(patch);
  const collection = collectionOf(object);
  const { name, namespace } = object.metadata;
  const isIt = (one: Stored) =>
    one.collection === collection && one.metadata.name === name && one.metadata.namespace === namespace;
  const base = stored.find(isIt) ?? ownersObject(collection, name, namespace);
  const metadata = { ...base.metadata, ...map(merged(base.metadata, object.metadata)) };
  return [...stored.filter((one) => !isIt(one)), { ...base, ...map(merged(base, object)), metadata }];
}

/** An object that the owner of a workload makes. */
function ownersObject(collection: string, name: string, namespace: string | undefined): Stored {
  const spec: Record<string, object> = {
    "/api/v1/services": {
      type: "LoadBalancer",
      selector: { app: name },
      ports: [{ name: "http", port: 80 }],
    },
    "/apis/apps/v1/deployments": { replicas: 1, selector: { matchLabels: { app: name } }, template: {} },
  };
  return {
    collection,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    spec: spec[collection] ?? {},
    status: { availableReplicas: 1, loadBalancer: { ingress: [{ ip: ADDRESS }] } },
  };
}

/** As the API server merges an apply: maps by their keys, lists of named items by the names, others as a whole. */
function merged(base: unknown, over: unknown): unknown {
  if (isMap(base) && isMap(over)) {
    const keys = [...new Set([...Object.keys(base), ...Object.keys(over)])];
    return Object.fromEntries(
      keys.map((key) => [key, over[key] === undefined ? base[key] : merged(base[key], over[key])]),
    );
  }
  const isNamed = (item: unknown) => isMap(item) && "name" in item;
  if (Array.isArray(base) && Array.isArray(over) && over.every(isNamed)) return [...base, ...over];
  return over;
}

const OWNED = {
  pods: "/api/v1/pods",
  services: "/api/v1/services",
  servers: `${POLICY}/v1beta3/servers`,
  authorizationPolicies: `${POLICY}/v1alpha1/authorizationpolicies`,
} as const;

/** Exported Services with their pods as the injector left them; a gateway's pods, and the policies of its chart. */
function ofOwners(plan: Plan, cluster: ClusterPlan): Stored[] {
  const [network = ""] = cluster.podNetworks ?? [];
  const owned = plannedObjects(plan, cluster, network === "" ? 99 : network.split(".").slice(0, 3).join("."));
  const isOurs = ({ metadata }: Stored) => /^(fleet\.|emissary)/.test(metadata.name);
  return (Object.keys(OWNED) as (keyof typeof OWNED)[]).flatMap((kind) =>
    owned[kind]
      .map((object): Stored => ({ ...stored.parse(object), collection: OWNED[kind] }))
      .filter((object) => kind === "pods" || kind === "services" || !isOurs(object)),
  );
}

const stored = z.looseObject({
  metadata: z.looseObject({ name: z.string(), namespace: z.string().exactOptional() }),
});
