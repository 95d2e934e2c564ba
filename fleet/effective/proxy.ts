import { ADDITIONAL_ENV, GATEWAY_SUFFIXES, readEnv } from "../gateways/reach";
import { lies } from "./clients";
import type { MeshSettings } from "./cluster";
import { among, containersOf, isTcp, portsOf } from "./ports";
import { type Container, INIT, type Pod, PROXY } from "./shapes";

/** Why nothing that comes to this port passes the pod's proxy; `undefined` where it does. */
export function unguarded(
  mesh: MeshSettings,
  pod: Pod,
  port: number,
  address: string | undefined,
): string | undefined {
  // Pods of the host network cannot be injected (linkerd2 `pkg/inject/report.go`, `Injectable`).
  if (pod.spec.hostNetwork) return "it is in the host's network, where no proxy stands";
  if (!proxyOf(pod)) return "it has no proxy";
  if (among(skippedPorts(mesh, pod), port)) return `port ${port} is one that it keeps from its proxy`;
  const subnets = (initArgument(pod, "--subnets-to-ignore") ?? annotation(pod, "skip-subnets"))?.split(",");
  const subnet = address && subnets?.find((subnet) => lies(address, subnet.trim()));
  return subnet ? `what comes from ${subnet.trim()} does not pass its proxy` : undefined;
}

/** A native sidecar's is an init container. */
export function proxyOf(pod: Pod): Container | undefined {
  return containersOf(pod).find(({ name }) => name === PROXY);
}

/**
 * Settings that tell a proxy whom to let in, and whom to believe who it is (linkerd2-proxy `app/src/env.rs`). Only
 * Linkerd itself sets them.
 */
const DECIDING =
  /^LINKERD2_PROXY_(POLICY_(SVC|WORKLOAD|CLUSTER)|INBOUND_(DEFAULT_POLICY|PORTS$|LISTEN)|IDENTITY_)/;

/**
 * Deciding settings that somebody added to a pod's own: the last of several counts, and the injector writes an
 * annotation's after Linkerd's (linkerd2 `charts/partials/templates/_proxy.tpl`, `additionalEnv`).
 */
export function ownSettings(pod: Pod): string[] {
  const env = proxyOf(pod)?.env ?? [];
  const added = new Set(readEnv(pod.metadata.annotations[ADDITIONAL_ENV]).map(({ name }) => name));
  const deciding = (env.length > 0 ? env : [...added].map((name) => ({ name, value: undefined }))).filter(
    ({ name }) => DECIDING.test(name),
  );
  return [...Map.groupBy(deciding, ({ name }) => name)].flatMap(([name, of]) => {
    const isAgain = new Set(of.map(({ value }) => value)).size > 1 || (of.length > 1 && of[0]?.value == null);
    return isAgain || added.has(name) ? [name] : [];
  });
}

/** Ports that the containers of an application say that they have. */
export function ownPorts(pod: Pod): number[] {
  const proxy = proxyOf(pod);
  const ports = containersOf(pod)
    .filter((container) => container !== proxy)
    .flatMap(({ ports }) => ports.filter(isTcp).map(({ containerPort }) => containerPort));
  return [...new Set(ports)];
}

/**
 * Ports of the proxy itself, which its init container always leaves alone (linkerd2
 * `charts/partials/templates/_proxy-init.tpl`).
 */
const OWN_PORTS = [4190, 4191];

/** The ports that the pod was started with or, with the network plugin of Linkerd, those of its annotations. */
function skippedPorts(mesh: MeshSettings, pod: Pod) {
  const started = initArgument(pod, "--inbound-ports-to-ignore");
  if (started === undefined) return portsOf(annotation(pod, "skip-inbound-ports") ?? mesh.skipInboundPorts);
  return portsOf(started).filter(({ from, to }) => from !== to || !OWN_PORTS.includes(from));
}

function initArgument(pod: Pod, name: string): string | undefined {
  const args = pod.spec.initContainers.find((container) => container.name === INIT)?.args ?? [];
  const at = args.indexOf(name);
  return at < 0 ? undefined : args[at + 1];
}

function annotation({ metadata }: Pod, name: string): string | undefined {
  return metadata.annotations[`config.linkerd.io/${name}`];
}

/**
 * The suffixes that its proxy was started with (the last of several) or, without a proxy, those of its annotations.
 */
export function gatewaySuffixes({ clusterDomain }: MeshSettings, pod: Pod): readonly string[] {
  const proxy = proxyOf(pod);
  if (!proxy) return [];
  const started = proxy.env.findLast(({ name }) => name === GATEWAY_SUFFIXES)?.value;
  if (started != null || proxy.env.length > 0) return suffixes(started);
  const own = readEnv(pod.metadata.annotations[ADDITIONAL_ENV]).findLast(
    ({ name }) => name === GATEWAY_SUFFIXES,
  );
  if (own) return suffixes(own.value);
  // linkerd2 `charts/partials/templates/_proxy.tpl`, `isGateway`.
  return isTrue(annotation(pod, "enable-gateway")) ? [`svc.${clusterDomain}.`] : [];
}

function suffixes(list: string | null | undefined): string[] {
  return (list ?? "")
    .split(",")
    .map((suffix) => suffix.trim())
    .filter((suffix) => suffix !== "");
}

/** As Go's `strconv.ParseBool`. */
function isTrue(text: string | undefined): boolean {
  return ["1", "t", "T", "TRUE", "true", "True"].includes(text ?? "");
}

/** Whether a name is one of those; linkerd2-proxy `dns/name/src/suffix.rs`. */
export function endsIn(suffix: string, name: string): boolean {
  const [own, whole] = [suffix, name].map((of) => of.replace(/\.$/, ""));
  return own === "" || whole === own || (whole?.endsWith(`.${own}`) ?? false);
}
