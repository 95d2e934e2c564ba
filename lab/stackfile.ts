import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { parse } from "yaml";
import { gatherSections, ownValues } from "../fleet/config/fleetFile";
import { LabError } from "./env";

/** A cluster of the stack file that the lab runs on this machine. */
export interface LabCluster {
  readonly name: string;
  /** Name of its kubeconfig context. */
  readonly context: string;
  readonly apiServer: string;
  readonly port: number;
  /** Where its pods get their addresses from; absent where the stack file does not say it. */
  readonly podNetwork?: string;
}

/** Ports that one cluster takes, all derived from the API server's, so that the stack file alone decides them. */
export function clusterPorts(port: number) {
  return {
    apiServer: port,
    etcd: port + 1000,
    etcdPeer: port + 2000,
    controllerManager: port + 3000,
    scheduler: port + 4000,
    kwok: port + 5000,
  };
}

/** Reads the clusters of a stack file. Reports every problem at once. */
export function readStackFile(path: string): LabCluster[] {
  const file = basename(path);
  if (!existsSync(path)) throw new LabError(`${path} is missing: it names the clusters the lab starts.`);
  let content: unknown;
  try {
    content = parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new LabError(
      `${file} is not valid YAML: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const config = isRecord(content) && isRecord(content.config) ? content.config : {};
  const { values, problems: shared } = gatherSections(ownValues(config), (name) =>
    readFileSync(resolve(dirname(path), name)),
  );
  if (shared[0]) throw new LabError(`${file}: ${shared[0].path} ${shared[0].problem}: ${shared[0].fix}.`);
  const { clusters } = values;
  if (!isRecord(clusters) || Object.keys(clusters).length === 0) {
    throw new LabError(`${file} names no cluster: write at least one below config → linkerd-fleet:clusters.`);
  }

  const entries = Object.entries(clusters);
  const found: LabCluster[] = [];
  const problems: string[] = [];
  const taken = new Map<number, string>();
  for (const [name, value] of entries) {
    const settings = isRecord(value) ? value : {};
    const apiServer = typeof settings.apiServer === "string" ? settings.apiServer : "";
    const context = typeof settings.context === "string" ? settings.context : name;
    const port = loopbackPort(apiServer);
    if (!/^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(name)) {
      problems.push(`${name}: not a DNS label; use lower-case letters, digits and hyphens.`);
    } else if (port === undefined) {
      const free = nextPort(entries.map(([, other]) => other));
      problems.push(
        `${name}: apiServer is ${apiServer === "" ? "missing" : `"${apiServer}"`}, but the lab runs its clusters on ` +
          `this machine; write apiServer: "https://127.0.0.1:${free}".`,
      );
    } else {
      const ports = Object.values(clusterPorts(port));
      const clash = ports.find((used) => taken.has(used));
      if (clash !== undefined) {
        problems.push(
          `${name}: its API server on port ${port} needs port ${clash} too, which ${taken.get(clash)} has; ` +
            `choose another port.`,
        );
        continue;
      }
      for (const used of ports) taken.set(used, name);
      const [podNetwork] = Array.isArray(settings.podNetworks) ? settings.podNetworks : [];
      found.push({
        ...{ name, context, apiServer, port },
        ...(typeof podNetwork === "string" ? { podNetwork } : {}),
      });
    }
  }
  if (problems.length > 0) {
    throw new LabError(`${file} has clusters the lab cannot start:\n  ${problems.join("\n  ")}`);
  }
  return found;
}

/** The port of `https://127.0.0.1:<port>` or `https://localhost:<port>`; undefined for anything else. */
function loopbackPort(apiServer: string): number | undefined {
  const port = Number(/^https:\/\/(?:127\.0\.0\.1|localhost):(\d+)\/?$/.exec(apiServer)?.[1]);
  return port >= 1024 && clusterPorts(port).kwok < 65536 ? port : undefined;
}

function nextPort(clusters: unknown[]): number {
  const ports = clusters.map((c) => (isRecord(c) ? loopbackPort(String(c.apiServer)) : undefined) ?? 17640);
  return Math.max(...ports) + 1;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
