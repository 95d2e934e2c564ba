/**
 * A small service mirror for the labs, whose pods run nothing: one process for all Links of all clusters, which looks at
 * them every two seconds. It does what linkerd2's `multicluster/cmd/service-mirror/main.go` does for one Link:
 *
 * - A controller runs while its Deployment has an available pod, with the arguments of that pod and the rights of its
 *   ServiceAccount. It starts anew when its Deployment or the spec of its Link changes.
 * - It reads its credentials as it starts and never again. If the target then refuses them, all stays as it is.
 * - It renews a Lease, and writes `Link.status`. It ends with its Link and leaves what it made, as the original does.
 *
 * It does not probe gateways, so all of them count as alive, and `probe-<target>` has no Endpoints. It makes no
 * namespaces, no mirrors of single pods (headless services), no Events and no metrics. It carries no requests.
 */
import { lookup } from "node:dns/promises";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { Agent, type AgentOptions, request } from "node:https";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type {
  KubernetesObject,
  V1Deployment,
  V1Endpoints,
  V1Secret,
  V1Service,
} from "@kubernetes/client-node";
import { parse } from "yaml";
import { MULTICLUSTER_NAMESPACE as NAMESPACE } from "../../../fleet/config/names";
import { keyOf, type Link, mirror, type Outcome, type Seen } from "./objects";
import { statusOf } from "./status";

const LOOK_MS = 2_000;
/** `linkWatchRestartAfter`; Leases are renewed as often. */
const RESTART_MS = 10_000;
const TIMEOUT_MS = 10_000;
/** The lab writes it into the folder of a cluster that was created whole. */
const CREATED = "lab.json";
const SECRETS = `/api/v1/namespaces/${NAMESPACE}/secrets`;
const DEPLOYMENTS = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`;
const LINKS = `/apis/multicluster.linkerd.io/v1alpha3/namespaces/${NAMESPACE}/links`;
const LEASES = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases`;

type Say = (what: unknown) => void;
type Local = Pick<Seen, "links" | "local" | "namespaces">;

/** Says a thing once, until there is something else to say. */
function sayer(who: string): Say {
  let last = "";
  return (what) => {
    const said = what instanceof Error ? what.message : String(what);
    if (said !== last) console.log(`${new Date().toISOString()} ${who}: ${said}`);
    last = said;
  };
}

class Refused extends Error {
  constructor(
    readonly status: number | undefined,
    body: string,
  ) {
    super((JSON.parse(body) as { message: string }).message);
  }
}

/** The way to one API server, as one user. */
class Api {
  private readonly agent: Agent;

  constructor(
    private readonly url: string,
    private readonly tls: AgentOptions,
    private readonly headers: Readonly<Record<string, string>> = {},
  ) {
    this.agent = new Agent({ ...tls, keepAlive: true });
  }

  as(user: string): Api {
    return new Api(this.url, this.tls, { ...this.headers, "impersonate-user": user });
  }

  send<T>(method: string, path: string, body?: object): Promise<T> {
    const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const headers = { ...this.headers, "content-type": type };
    const options = { agent: this.agent, method, headers, signal: AbortSignal.timeout(TIMEOUT_MS) };
    return new Promise((resolve, reject) => {
      const sent = request(`${this.url}${path}`, options, async (response) => {
        try {
          const text = (await response.setEncoding("utf8").toArray()).join("");
          if ((response.statusCode ?? 0) > 299) throw new Refused(response.statusCode, text);
          resolve(JSON.parse(text) as T);
        } catch (error) {
          reject(error);
        }
      });
      sent.on("error", reject);
      sent.end(body && JSON.stringify(body));
    });
  }

  async list<T extends KubernetesObject>(path: string) {
    const { items } = await this.send<{ items: T[] }>("GET", path);
    return new Map(items.map((item) => [keyOf(item), item]));
  }

  async services(): Promise<Seen["remote"]> {
    const [services, endpoints] = await Promise.all([
      this.list<V1Service>("/api/v1/services"),
      this.list<V1Endpoints>("/api/v1/endpoints"),
    ]);
    return { services, endpoints };
  }
}

/** One service mirror. */
class Controller {
  private remote: Api | undefined;
  private isBusy = false;
  private dueAt = 0;

  constructor(
    private readonly api: Api,
    private readonly link: Link,
    private readonly say: Say,
  ) {}

  /** Nobody waits for it: a target that does not answer holds up its own Link alone. */
  async look(seen: Local): Promise<void> {
    if (this.isBusy) return;
    this.isBusy = true;
    const isDue = Date.now() >= this.dueAt;
    if (isDue) this.dueAt = Date.now() + RESTART_MS;
    const hasTarget = this.link.spec.targetClusterName !== undefined;
    try {
      if (isDue) await this.renew();
      if (isDue && hasTarget) this.remote ??= await this.connect();
      if (!hasTarget || this.remote) await this.act(seen, (await this.remote?.services()) ?? seen.local);
    } catch (error) {
      this.say(error);
    }
    this.isBusy = false;
  }

  private async connect(): Promise<Api> {
    const { clusterCredentialsSecret: name } = this.link.spec;
    const { data } = await this.api.send<V1Secret>("GET", `${SECRETS}/${name}`);
    const remote = openedBy(Buffer.from(data?.kubeconfig ?? "", "base64").toString());
    await remote.send("GET", "/version");
    this.say("follows its target");
    return remote;
  }

  private async renew(): Promise<void> {
    const { targetClusterName: target } = this.link.spec;
    const name = target === undefined ? "local-service-mirror-write" : `service-mirror-write-${target}`;
    const renewTime = new Date().toISOString().replace("Z", "000Z");
    const spec = { holderIdentity: "lab", leaseDurationSeconds: (3 * RESTART_MS) / 1000, renewTime };
    await this.api.send("PATCH", `${LEASES}/${name}`, { spec }).catch((error) => {
      if (!(error instanceof Refused && error.status === 404)) throw error;
      return this.api.send("POST", LEASES, { metadata: { name }, spec });
    });
  }

  private async act(seen: Local, remote: Seen["remote"]): Promise<void> {
    const names = this.link.spec.gatewayAddress?.split(",").filter(Boolean) ?? [];
    const found = await Promise.all(names.map((one) => lookup(one, { all: true }).catch(() => [])));
    const addresses = found.flatMap((some) => some.map(({ address }) => address)).sort();
    const done: Outcome[] = [];
    for (const outcome of mirror({ ...seen, link: this.link, remote, addresses }))
      done.push(await this.perform(outcome));
    const live = seen.links.get(keyOf(this.link));
    const status = live && statusOf(live, done, new Date().toISOString());
    if (status) await this.api.send("PATCH", `${LINKS}/${live.metadata?.name}/status`, { status });
  }

  private async perform({ changes, report }: Outcome): Promise<Outcome> {
    for (const { verb, kind, object } of changes) {
      const path = `/api/v1/namespaces/${object.metadata?.namespace}/${kind}`;
      try {
        if (verb === "create") await this.api.send("POST", path, object);
        if (verb === "replace") await this.api.send("PUT", `${path}/${object.metadata?.name}`, object);
        if (verb === "delete") await this.api.send("DELETE", `${path}/${object.metadata?.name}`);
        this.say(`${verb} ${kind} ${keyOf(object)}`);
      } catch (error) {
        // Somebody was faster, and what they did is seen next time.
        if (error instanceof Refused && (error.status === 404 || error.status === 409)) continue;
        this.say(error);
        const message = `Failed to ${verb} ${kind}: ${error instanceof Error ? error.message : error}`;
        return {
          changes,
          ...(report && { report: { ...report, condition: { status: "False", reason: "Error", message } } }),
        };
      }
    }
    return { changes, ...(report && { report }) };
  }
}

/** The API that a kubeconfig leads to by a token. No error may quote it. */
function openedBy(kubeconfig: string): Api {
  try {
    const { clusters, users } = parse(kubeconfig) as {
      clusters: [{ cluster: { server: string; "certificate-authority-data": string } }];
      users: [{ user: { token: string } }];
    };
    const ca = Buffer.from(clusters[0].cluster["certificate-authority-data"], "base64");
    return new Api(clusters[0].cluster.server, { ca }, { authorization: `Bearer ${users[0].user.token}` });
  } catch {
    throw new Error("the Secret with its credentials holds no kubeconfig with a token");
  }
}

/** What a cluster's own mirror follows, which has no Link. */
function ownLink(args: readonly string[]): Link {
  const list = (flag: string) =>
    (args.find((one) => one.startsWith(`-${flag}=`)) ?? "")
      .slice(flag.length + 2)
      .split(",")
      .filter(Boolean);
  const matchExpressions = list("federated-service-selector").map((requirement) => {
    const [key = "", value] = requirement.split("=");
    return value === undefined ? { key, operator: "Exists" } : { key, operator: "In", values: [value] };
  });
  const excluded = {
    excludedLabels: list("excluded-labels"),
    excludedAnnotations: list("excluded-annotations"),
  };
  return {
    metadata: { name: "itself" },
    spec: { ...excluded, federatedServiceSelector: { matchExpressions } },
  };
}

/** Looks at one cluster again and again, as its administrator, as long as it is there. */
async function serve(name: string, folder: string): Promise<void> {
  const { port } = JSON.parse(readFileSync(join(folder, CREATED), "utf8")) as { port: number };
  const [ca, cert, key] = ["ca.crt", "admin.crt", "admin.key"].map((file) =>
    readFileSync(join(folder, "pki", file)),
  );
  const api = new Api(`https://127.0.0.1:${port}`, {
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
  });
  const say = sayer(name);
  let controllers = new Map<string, Controller>();
  for (; existsSync(join(folder, CREATED)); await sleep(LOOK_MS)) {
    try {
      const deployments = await api.list<V1Deployment>(DEPLOYMENTS);
      if (deployments.size === 0) continue;
      const [local, namespaces, links] = await Promise.all([
        api.services(),
        api.list("/api/v1/namespaces"),
        api.list<Link>(LINKS),
      ]);
      const running = [...deployments.values()].flatMap(({ metadata, spec, status }) => {
        const { serviceAccountName, containers = [] } = spec?.template.spec ?? {};
        const args = containers.find(({ args }) => args?.[0] === "service-mirror")?.args ?? [];
        const link = args.includes("-local-mirror")
          ? ownLink(args)
          : links.get(`${NAMESPACE}/${args.at(-1)}`);
        if (!link || !status?.availableReplicas) return [];
        const key = [metadata?.uid, metadata?.generation, JSON.stringify(link.spec)].join();
        const account = `system:serviceaccount:${NAMESPACE}:${serviceAccountName}`;
        const start = () => new Controller(api.as(account), link, sayer(`${name} → ${link.metadata?.name}`));
        return [[key, controllers.get(key) ?? start()] as const];
      });
      controllers = new Map(running);
      const names = new Set([...namespaces.values()].map(({ metadata }) => metadata?.name ?? ""));
      for (const controller of controllers.values())
        void controller.look({ links, local, namespaces: names });
    } catch (error) {
      say(error);
    }
  }
}

/** Serves each cluster of the lab that comes, until it goes. */
async function main(folder: string): Promise<void> {
  const served = new Set<string>();
  for (; ; await sleep(LOOK_MS)) {
    for (const name of readdirSync(folder)) {
      if (served.has(name) || !existsSync(join(folder, name, CREATED))) continue;
      served.add(name);
      void serve(name, join(folder, name)).finally(() => served.delete(name));
    }
  }
}

void main(process.argv[2] ?? "");
