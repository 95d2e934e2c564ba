import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stringify } from "yaml";
import { type Lab, LabError, labEnv } from "./env";
import { endProcesses, listenerOn, processesOf } from "./processes";
import { run } from "./run";
import { clusterPorts, type LabCluster } from "./stackfile";
import type { Toolchain } from "./toolchain";

/** What became of a cluster: `kept` means that nothing had to be done. */
export type Outcome = "created" | "started" | "kept";

const programs = 5;

/** The folder kwokctl keeps a cluster in. */
export function clusterFolder(lab: Lab, name: string): string {
  return join(lab.root, "kwok", "clusters", name);
}

/** The lab's clusters that were created whole; what they were created from is in their folder. */
export function createdClusters(lab: Lab): LabCluster[] {
  const folder = join(lab.root, "kwok", "clusters");
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  return names.flatMap((name) => readCreated(lab, name) ?? []);
}

/** Whether all programs of a cluster run. */
export function isRunning(lab: Lab, name: string): boolean {
  return processesOf(clusterFolder(lab, name)).length >= programs;
}

/** Brings one cluster up, whatever state it was left in; one that was left half created is created anew. */
export async function ensureCluster(lab: Lab, tools: Toolchain, cluster: LabCluster): Promise<Outcome> {
  const { name, port } = cluster;
  const created = readCreated(lab, name);
  if (created && created.port !== port) {
    throw new LabError(
      `${name} was created on port ${created.port}, and the stack file now says ${port}. ` +
        `Write ${created.port} again, or start afresh with \`npm run lab -- down\`.`,
    );
  }
  if (created && isRunning(lab, name)) {
    if (created.context !== cluster.context || created.apiServer !== cluster.apiServer)
      writeCreated(lab, cluster);
    return "kept";
  }
  await endProcesses(clusterFolder(lab, name));
  if (!created) await removeCluster(lab, name);
  await requireFreePorts(cluster);

  // kwokctl takes a living process with a remembered number for its own; after a reboot it may be anyone's.
  rmSync(join(clusterFolder(lab, name), "pids"), { recursive: true, force: true });
  const env = { ...labEnv(lab, tools), KWOK_WORKDIR: join(lab.root, "kwok") };
  if (created) {
    mkdirSync(join(clusterFolder(lab, name), "pids"));
    await kwokctl(lab, tools, cluster, ["start", "cluster"], env);
  } else {
    const config = join(lab.root, "kwok", `${name}.yaml`);
    mkdirSync(join(lab.root, "kwok"), { recursive: true, mode: 0o700 });
    writeFileSync(config, kwokConfig(cluster, tools));
    await kwokctl(lab, tools, cluster, ["create", "cluster", `--config=${config}`, "--kubeconfig="], env);
    await kubectl(lab, tools, cluster, ["apply", "-f", join(__dirname, "nodes.yaml")]);
  }
  writeCreated(lab, cluster);
  return created ? "started" : "created";
}

/** Ends the programs of a cluster; its data stays. */
export async function stopCluster(lab: Lab, name: string): Promise<void> {
  await endProcesses(clusterFolder(lab, name));
}

/** Ends a cluster and forgets it. */
export async function removeCluster(lab: Lab, name: string): Promise<void> {
  await endProcesses(clusterFolder(lab, name));
  rmSync(clusterFolder(lab, name), { recursive: true, force: true });
  rmSync(join(lab.root, "kwok", `${name}.yaml`), { force: true });
}

/** Writes the lab's kubeconfig: one self-contained context a cluster, for its administrator. */
export function writeKubeconfig(lab: Lab, clusters: readonly LabCluster[]): void {
  const pki = ({ name }: LabCluster, file: string) =>
    readFileSync(join(clusterFolder(lab, name), "pki", file)).toString("base64");
  const content = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": clusters[0]?.context ?? "",
    clusters: clusters.map((cluster) => ({
      name: cluster.context,
      cluster: { server: cluster.apiServer, "certificate-authority-data": pki(cluster, "ca.crt") },
    })),
    users: clusters.map((cluster) => ({
      name: cluster.context,
      user: {
        "client-certificate-data": pki(cluster, "admin.crt"),
        "client-key-data": pki(cluster, "admin.key"),
      },
    })),
    contexts: clusters.map(({ context }) => ({
      name: context,
      context: { cluster: context, user: context },
    })),
  };
  writeFileSync(lab.kubeconfig, stringify(content), { mode: 0o600 });
}

/** Runs kubectl against one cluster and returns what it prints. */
export async function kubectl(lab: Lab, tools: Toolchain, { name }: LabCluster, args: string[]) {
  // Its own kubeconfig, because clusters come up at the same time and the merged one is written last.
  const kubeconfig = join(clusterFolder(lab, name), "kubeconfig.yaml");
  const ran = await run(tools.bin.kubectl, [`--kubeconfig=${kubeconfig}`, ...args], {
    env: labEnv(lab, tools),
  });
  if (ran.code !== 0) throw new LabError(`${name}: kubectl ${args[0]} failed:\n${ran.stderr.trim()}`);
  return ran.stdout;
}

/** Reads a path of a cluster's API as its administrator; undefined while it does not answer. */
export function readApi(lab: Lab, { name, port }: LabCluster, path: string): Promise<string | undefined> {
  const pki = join(clusterFolder(lab, name), "pki");
  const [ca, cert, key] = ["ca.crt", "admin.crt", "admin.key"].map((file) => join(pki, file));
  if (!ca || !cert || !key || !existsSync(key)) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const asked = request(
      {
        host: "127.0.0.1",
        port,
        path,
        ca: readFileSync(ca),
        cert: readFileSync(cert),
        key: readFileSync(key),
        agent: false,
        timeout: 5000,
      },
      (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (text: string) => {
          body += text;
        });
        response.on("end", () => resolve(response.statusCode === 200 ? body : undefined));
      },
    );
    asked.on("timeout", () => asked.destroy());
    asked.on("error", () => resolve(undefined));
    asked.end();
  });
}

async function kwokctl(
  lab: Lab,
  tools: Toolchain,
  cluster: LabCluster,
  args: string[],
  env: NodeJS.ProcessEnv,
) {
  const { name } = cluster;
  const ran = await run(tools.bin.kwokctl, [...args, "--name", name, "--wait=0s", "--timeout=120s"], { env });
  // kwokctl also returns success when a program did not come up: the API server itself is asked.
  const until = Date.now() + 90_000;
  while (ran.code === 0 && Date.now() < until && isRunning(lab, name)) {
    if ((await readApi(lab, cluster, "/readyz")) !== undefined) return;
    await sleep(100);
  }
  throw new LabError(
    `${name} did not start: its logs are in ${join(clusterFolder(lab, name), "logs")} ` +
      `(\`npm run lab -- logs ${name}\`). ${lastMessage(ran.stderr)}`,
  );
}

/** What kwokctl is given: programs, fixed ports, this machine only, and how Services get an address. */
function kwokConfig({ port, podNetwork }: LabCluster, { bin }: Toolchain): string {
  const ports = clusterPorts(port);
  const options = {
    runtime: "binary",
    bindAddress: "127.0.0.1",
    kubeApiserverPort: ports.apiServer,
    etcdPort: ports.etcd,
    etcdPeerPort: ports.etcdPeer,
    kubeControllerManagerPort: ports.controllerManager,
    kubeSchedulerPort: ports.scheduler,
    kwokControllerPort: ports.kwok,
    etcdBinary: bin.etcd,
    kubeApiserverBinary: bin["kube-apiserver"],
    kubeControllerManagerBinary: bin["kube-controller-manager"],
    kubeSchedulerBinary: bin["kube-scheduler"],
    kwokControllerBinary: bin.kwok,
    // Nodes never go stale: not while a cluster is stopped, nor while the machine sleeps.
    kubeControllerManagerNodeMonitorGracePeriodMilliseconds: 86_400_000,
  };
  const componentsPatches = [
    // An API server on the loopback interface cannot find an address to advertise when the machine has no network.
    extraArgs("kube-apiserver", "advertise-address", "192.0.2.1"),
    // With leases, a restarted cluster's nodes stay with the dead kwok for 200 seconds.
    extraArgs("kwok-controller", "node-lease-duration-seconds", "0"),
    ...(podNetwork === undefined ? [] : [extraArgs("kwok-controller", "cidr", podNetwork)]),
    // There is one of each; electing it, a restarted cluster does nothing until the lease of the dead one is over.
    extraArgs("kube-controller-manager", "leader-elect", "false"),
    extraArgs("kube-scheduler", "leader-elect", "false"),
  ];
  const loadBalancer = {
    apiVersion: "kwok.x-k8s.io/v1alpha1",
    kind: "Stage",
    metadata: { name: "service-load-balancer" },
    spec: {
      resourceRef: { apiGroup: "v1", kind: "Service" },
      selector: {
        matchExpressions: [
          { key: ".spec.type", operator: "In", values: ["LoadBalancer"] },
          { key: ".status.loadBalancer.ingress", operator: "DoesNotExist" },
        ],
      },
      next: {
        patches: [
          {
            subresource: "status",
            root: "status",
            type: "merge",
            template: `loadBalancer: { ingress: [{ ip: "${loadBalancerAddress(port)}" }] }`,
          },
        ],
      },
    },
  };
  const kwokctlConfiguration = {
    apiVersion: "config.kwok.x-k8s.io/v1alpha1",
    kind: "KwokctlConfiguration",
    options,
    componentsPatches,
  };
  return `${stringify(kwokctlConfiguration)}---\n${stringify(loadBalancer)}`;
}

function extraArgs(component: string, key: string, value: string) {
  return { name: component, extraArgs: [{ key, value }] };
}

/** Each cluster's load balancers have an address of their own, from the range for benchmarks (RFC 2544). */
export function loadBalancerAddress(port: number): string {
  return `198.18.${port >> 8}.${port & 255}`;
}

async function requireFreePorts({ name, port }: LabCluster): Promise<void> {
  for (const [program, needed] of Object.entries(clusterPorts(port))) {
    if (await isFree(needed)) continue;
    const holder = listenerOn(needed);
    const who = holder ? `process ${holder.pid} (${holder.args[0]})` : "a process of another user";
    throw new LabError(
      `${name} cannot start: port ${needed} (${program}) is taken by ${who}. ` +
        `End it, or give ${name} another API server port in the stack file.`,
    );
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

function writeCreated(lab: Lab, cluster: LabCluster): void {
  writeFileSync(join(clusterFolder(lab, cluster.name), "lab.json"), JSON.stringify(cluster));
}

function readCreated(lab: Lab, name: string): LabCluster | undefined {
  const file = join(clusterFolder(lab, name), "lab.json");
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as LabCluster) : undefined;
}

function lastMessage(log: string): string {
  const last = log.trim().split("\n").at(-1) ?? "";
  return /"err":"([^"]*)"/.exec(last)?.[1] ?? "";
}
