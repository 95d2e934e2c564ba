import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { ADDITIONAL_ENV, GATEWAY_SUFFIXES, readEnv } from "../../fleet/gateways/reach";
import { CLUSTER, clusterLines, difference, isType, type Line, RELEASE, signed } from "./lines";
import type { Inputs, Step } from "./preview";

/** What keeps the mesh closed besides the grants of services: trust anchors, admission, some chart values. */

const TRUST = "linkerd-fleet:trust:Trust";
const ADMISSION = "linkerd-fleet:admission:Admission";

/** Trust anchors that join the bundle, sign, retire or leave. */
export function anchorLines(steps: readonly Step[]): Line[] {
  return steps
    .filter(({ type, op }) => type === TRUST && op === "update")
    .flatMap(({ before, after }) => {
      const [was, is] = [statesOf(before), statesOf(after)];
      return Object.keys({ ...was, ...is }).flatMap((id) => anchorLine(id, was[id], is[id]));
    });
}

function anchorLine(id: string, was: string | undefined, is: string | undefined): Line[] {
  const anchor = `trust anchor ${id}`;
  if (was === is) return [];
  if (is === undefined) {
    return [
      { text: `${anchor} leaves the bundle`, why: "proxies that trust only this anchor lose the mesh" },
    ];
  }
  if (is === "active") {
    return [
      {
        text: `${anchor} signs the issuers from now on`,
        why: "pods that have not restarted since it joined the bundle refuse the new identities",
      },
    ];
  }
  return was === undefined
    ? [{ text: `${anchor} joins the bundle (${is}): restart the meshed pods before it signs` }]
    : [{ text: `${anchor}: ${was} → ${is}` }];
}

function statesOf(inputs: Inputs | undefined): Readonly<Record<string, string>> {
  return z.record(z.string(), z.string()).safeParse(inputs?.anchors).data ?? {};
}

/** Of clusters that stay: who may change what, and whether the API server still refuses the rest. */
export function admissionLines(steps: readonly Step[]): Line[] {
  const comeOrGo = new Set(
    steps.filter(({ type, op }) => type === CLUSTER && op !== "update").map(({ name }) => name),
  );
  const stay = steps
    .filter(isType(ADMISSION))
    .filter(({ before, after }) => !comeOrGo.has(String((after ?? before)?.cluster)));
  return clusterLines(stay, () => "admission", admissionLine);
}

function admissionLine({ op, before, after }: Step): Line[] {
  const [was, is] = [before?.mode ?? "off", op === "delete" ? "off" : after?.mode];
  const lines: Line[] = [];
  if (was !== is) {
    const loosened = is === "off" || was === "enforce";
    lines.push({
      text: `: ${was} → ${is}`,
      ...(loosened && { why: "the cluster takes changes that the stack file does not declare" }),
    });
  }
  const operators = difference(operatorsOf(before), operatorsOf(after));
  if (op === "update" && operators.gained.length + operators.lost.length > 0) {
    lines.push({
      text: `: operators ${signed(operators)}`,
      ...(operators.gained.length > 0 && { why: "they may change links, credentials and grants" }),
    });
  }
  return lines;
}

function operatorsOf(inputs: Inputs | undefined): string[] {
  const named = z.array(z.string()).safeParse(inputs?.operators);
  return named.success ? named.data : ["everybody who may change admission policies"];
}

/**
 * Values of the charts linkerd-control-plane and linkerd-multicluster that decide what gets past the mesh, with what
 * a change of each means (the charts' `values.yaml`). None holds a secret.
 */
const GUARDING: Readonly<Record<string, string>> = {
  "proxy.defaultInboundPolicy": "it decides who may call a port for which nothing else is said",
  "proxy.requireIdentityOnInboundPorts": "it decides which ports only meshed callers may call",
  "proxyInit.ignoreInboundPorts": "what comes in at these ports passes no proxy, and no policy",
  "proxyInit.ignoreOutboundPorts": "what goes out to these ports is not encrypted",
  "proxyInit.skipSubnets": "traffic with these networks passes no proxy",
  "policyController.probeNetworks": "probes from these networks pass every policy",
  clusterNetworks: "it decides which callers count as the cluster's own, and which traffic is of the mesh",
  webhookFailurePolicy: "with Ignore, pods start without a proxy while the injector is away",
  "gateway.loadBalancerSourceRanges": "it decides which networks reach the gateway",
  enableNamespaceCreation: "it decides whether another cluster's services make namespaces here",
};

/** Changes of those values, by name. */
export function settingLines(steps: readonly Step[]): Line[] {
  const updated = steps.filter(({ type, op }) => type === RELEASE && op === "update");
  return Object.entries(GUARDING).flatMap(([path, why]) =>
    clusterLines(
      updated,
      () => path,
      ({ before, after }) => {
        const [was, is] = [valueAt(before?.values, path), valueAt(after?.values, path)];
        return isDeepStrictEqual(was, is) ? [] : [{ text: `: ${shown(was)} → ${shown(is)}`, why }];
      },
    ),
  );
}

/** Gateways that forward from now on to every Service of their cluster, or not any more. */
export function reachLines(steps: readonly Step[]): Line[] {
  const gateways = steps.filter(({ type, op }) => GATEWAYS.includes(type) && op !== "delete");
  return clusterLines(
    gateways,
    () => "the gateway",
    ({ before, after }) => {
      const [was, is] = [isUnlimited(before), isUnlimited(after)];
      if (is && !was) {
        const why = "other clusters also reach services that are not exported";
        return [{ text: " forwards to every Service of its cluster (`reach: any`)", why }];
      }
      return was && is === false ? [{ text: " forwards only to the declared services from now on" }] : [];
    },
  );
}

const GATEWAYS = [RELEASE, "kubernetes:apps/v1:DeploymentPatch"];

/** Whether a gateway is told no names; `undefined` where it is none. */
function isUnlimited(inputs: Inputs | undefined): boolean | undefined {
  const gateway = valueAt(inputs?.values, "gateway");
  const isChart = valueAt(gateway, "enabled") === true;
  const emissary = valueAt(inputs?.spec, "template.metadata.annotations");
  const isEmissary = map.safeParse(emissary).data?.["config.linkerd.io/enable-gateway"] === "true";
  if (!isChart && !isEmissary) return undefined;
  const annotations = isEmissary ? emissary : valueAt(gateway, "deploymentAnnotations");
  const environment = readEnv(map.safeParse(annotations).data?.[ADDITIONAL_ENV]);
  return !environment.some(({ name }) => name === GATEWAY_SUFFIXES);
}

function valueAt(values: unknown, path: string): unknown {
  return path.split(".").reduce((at, key) => map.safeParse(at).data?.[key], values);
}

const map = z.record(z.string(), z.unknown());

function shown(value: unknown): string {
  if (value === undefined) return "the chart's own";
  return Array.isArray(value) ? value.join(", ") || "none" : String(value);
}
