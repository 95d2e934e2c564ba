import type { Container, Pod } from "./shapes";

/**
 * `80,8000-8010`. A list with one mistake is no list at all; linkerd2 `policy-controller/k8s/index/src/ports.rs`,
 * `ports_annotation`.
 */
export function portsOf(list: string | undefined): PortRange[] {
  const parts = (list ?? "").split(",").flatMap((part) => (part.trim() === "" ? [] : [part]));
  const ranges = parts.map((part): PortRange | undefined => {
    const [from, to, ...more] = part.split("-").map(portNumber);
    if (from === undefined || more.length > 0) return undefined;
    if (!part.includes("-")) return { from, to: from };
    return to === undefined || from > to ? undefined : { from, to };
  });
  return ranges.every((range) => range !== undefined) ? ranges : [];
}

export interface PortRange {
  readonly from: number;
  readonly to: number;
}

export function among(ranges: readonly PortRange[], port: number): boolean {
  return ranges.some(({ from, to }) => from <= port && port <= to);
}

/** Rust and Go also read a plus sign, and zeros before. */
function portNumber(text: string): number | undefined {
  const port = Number(/^\s*\+?0*(\d{1,5})\s*$/.exec(text)?.[1] ?? 0);
  return port > 0 && port <= 65_535 ? port : undefined;
}

/** All of its containers: the proxy of a native sidecar is an init container. */
export function containersOf({ spec }: Pod): Container[] {
  return [...spec.containers, ...spec.initContainers];
}

/**
 * A name may stand for a port in each of several containers; linkerd2 `inbound/workload.rs`, `pod_tcp_ports_by_name`.
 */
export function portsNamed(pod: Pod, ref: number | string): number[] {
  if (typeof ref === "number") return [ref];
  const named = containersOf(pod).flatMap(({ ports }) =>
    ports.filter((port) => port.name === ref && isTcp(port)).map(({ containerPort }) => containerPort),
  );
  return [...new Set(named)];
}

export function isTcp({ protocol }: { readonly protocol?: string | null | undefined }): boolean {
  return (protocol ?? "TCP").toUpperCase() === "TCP";
}

/**
 * Paths of the HTTP probes that come to a port; linkerd2 `inbound/workload.rs`, `pod_http_probes`. Of a whole address,
 * it is the part after the host.
 */
export function probePaths(pod: Pod, port: number): string[] {
  const paths = containersOf(pod).flatMap((container) =>
    [container.livenessProbe, container.readinessProbe, container.startupProbe].flatMap((probe) => {
      const get = probe?.httpGet;
      if (!get || probePort(container, get.port) !== port) return [];
      const [path = ""] = (get.path || "/").replace(/^[a-z][-+.a-z0-9]*:\/\/[^/?#]+/i, "").split(/[?#]/);
      return [path || "/"];
    }),
  );
  return [...new Set(paths)].sort();
}

function probePort({ ports }: Container, ref: number | string): number | undefined {
  if (typeof ref === "number") return ref;
  return ports.find((port) => port.name?.toLowerCase() === ref.toLowerCase() && isTcp(port))?.containerPort;
}
