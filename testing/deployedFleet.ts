import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, vi } from "vitest";
import { ApiServer, type Asked, type Reply } from "./apiServer";

/**
 * Answers with what lies in its folder, and notes what changes something. The second `destroy` empties the state, as
 * long as nothing says that the first one fails.
 */
const PULUMI = `#!/bin/sh
cd "$(dirname "$0")"
case "$*" in
  *"--stack new"*) echo "error: no stack named 'new' found" >&2; exit 255 ;;
  "stack export"*"--stack other"*) exec cat other.json ;;
  "stack export"*) exec cat state.json ;;
  "whoami --json"*) echo '{"url":"https://app.pulumi.com"}'; exit ;;
  "stack import"*) cat > /dev/null; exit ;;
  "stack output --json"*) exec cat outputs.json ;;
  "stack --show-name"*) echo dev; exit ;;
  "state unprotect"*) echo "$*" >> did; exit ;;
  "destroy"*"--exclude"*) echo "$*" >> did; cat destroyed; test ! -e fails; exit ;;
  "destroy"*) echo "$*" >> did; exit ;;
esac
echo "error: not expected: $*" >&2
exit 1
`;

const MIRRORED = { "mirror.linkerd.io/mirrored-service": "true" };
export const ofTarget = (target: string) => ({ ...MIRRORED, "mirror.linkerd.io/cluster-name": target });
export const REMOTE = "multicluster.linkerd.io/remote-discovery";
export const LOCAL = "multicluster.linkerd.io/local-discovery";

interface Kept {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels?: Record<string, string>;
    annotations?: Record<string, string>;
    readonly resourceVersion?: string;
  };
  readonly spec?: object;
}

export const at = (kind: string, name: string, metadata: object = {}, more: object = {}): Kept => ({
  kind,
  metadata: { name, namespace: "shop", ...metadata },
  ...more,
});

/** What a cluster named `us` holds of its links to eu and apac, and of others. */
export const leftovers = () => [
  at("services", "reports-eu", { labels: ofTarget("eu") }),
  at("endpoints", "reports-eu", { labels: ofTarget("eu") }),
  at("endpointslices", "reports-eu-x1", { labels: ofTarget("eu") }),
  at("services", "checkout-federated", {
    labels: MIRRORED,
    annotations: { [REMOTE]: "checkout@eu,checkout@apac", [LOCAL]: "checkout" },
    resourceVersion: "7",
  }),
  at("services", "checkout", { labels: { "mirror.linkerd.io/federated": "member" } }),
  at("leases", "service-mirror-write-eu", { namespace: "linkerd-multicluster" }),
  at("leases", "local-service-mirror-write", { namespace: "linkerd-multicluster" }),
  at("leases", "somebody-elses", { namespace: "linkerd-multicluster" }),
];

export const urn = (types: string, name: string) => `urn:pulumi:dev::linkerd-fleet::${types}::${name}`;
const FLEET = "linkerd-fleet:fleet:Fleet";
export const provider = (name: string) => ({
  urn: urn(`${FLEET}$pulumi:providers:kubernetes`, name),
  type: "pulumi:providers:kubernetes",
  id: "id",
  inputs: { context: name, kubeconfig: "" },
});
export const anchor = {
  urn: urn(`${FLEET}$linkerd-fleet:trust:Trust$tls:index/privateKey:PrivateKey`, "trust-2026-key"),
  type: "tls:index/privateKey:PrivateKey",
  protect: true,
};
export const secret = {
  urn: urn(`${FLEET}$linkerd-fleet:cluster:Cluster$kubernetes:core/v1:Secret`, "us-token"),
  type: "kubernetes:core/v1:Secret",
  provider: `${provider("us").urn}::id`,
};
export const link = (source: string, target: string) => ({ source, target, modes: [], state: "active" });
export const outputs = {
  links: { "us/eu": link("us", "eu"), "us/apac": link("us", "apac"), "eu/us": link("eu", "us") },
  plan: { schema: 2, anchors: [], clusters: {} },
};
export const root = (more: object = {}) => ({
  urn: urn("pulumi:pulumi:Stack", "linkerd-fleet-dev"),
  type: "pulumi:pulumi:Stack",
  outputs: { ...outputs, ...more },
});
export const fleetComponent = { urn: urn(FLEET, "fleet"), type: FLEET };

/** A deployed fleet in a folder: a `pulumi` that knows its state, and the API server of its one cluster, `us`. */
class DeployedFleet {
  folder = "";
  objects: Kept[] = [];
  /** What the server answers before it looks for an object. */
  answer: (asked: Asked) => Reply = () => undefined;

  file(name: string): string {
    return join(this.folder, name);
  }

  writeState(name: string, resources: readonly object[], more: object = {}): void {
    writeFileSync(this.file(name), JSON.stringify({ version: 3, deployment: { resources, ...more } }));
  }

  /** The commands that changed something. */
  did(): string[] {
    return existsSync(this.file("did")) ? readFileSync(this.file("did"), "utf8").trim().split("\n") : [];
  }

  names(): string[] {
    return this.objects.map(({ kind, metadata: { name } }) => `${kind}/${name}`).sort();
  }

  /** Lists by label, deletes, and merges annotations. */
  api({ method, path, query, body }: Asked): Reply {
    const own = this.answer({ method, path, query, body, authorization: undefined });
    if (own !== undefined) return own;
    if (path === "/us/version") return { body: {} };
    const [, , root, ...rest] = path.split("/");
    const within = rest.slice(root === "api" ? 1 : 2);
    const [namespace, kind, name] = within[0] === "namespaces" ? within.slice(1) : [undefined, ...within];
    const found = this.objects.filter(
      (one) =>
        one.kind === kind &&
        (namespace === undefined || one.metadata.namespace === namespace) &&
        (name === undefined || one.metadata.name === name),
    );
    if (name === undefined) {
      const items = found.filter(
        ({ metadata: { labels = {} } }) =>
          !query.has("labelSelector") || "mirror.linkerd.io/mirrored-service" in labels,
      );
      return { body: { metadata: {}, items } };
    }
    const [one] = found;
    if (!one) return undefined;
    if (method === "DELETE") this.objects = this.objects.filter((other) => other !== one);
    if (method === "PATCH") {
      const { metadata } = JSON.parse(body) as { metadata: { annotations: Record<string, string | null> } };
      const merged = Object.entries({ ...one.metadata.annotations, ...metadata.annotations });
      one.metadata.annotations = Object.fromEntries(
        merged.flatMap(([key, value]) => (value === null ? [] : [[key, value]])),
      );
    }
    return { body: one };
  }
}

/** Registers what makes it before the tests of a file, as new for each. */
export function deployedFleet(): DeployedFleet {
  const us = new DeployedFleet();
  let server: ApiServer;
  beforeAll(async () => {
    us.folder = mkdtempSync(join(tmpdir(), "linkerd-fleet-destroy-"));
    writeFileSync(us.file("pulumi"), PULUMI);
    chmodSync(us.file("pulumi"), 0o755);
    server = await ApiServer.start((asked) => us.api(asked));
    writeFileSync(us.file("kubeconfig"), server.kubeconfig(["us"]));
    vi.stubEnv("KUBECONFIG", us.file("kubeconfig"));
    vi.stubEnv("PATH", `${us.folder}:${process.env.PATH}`);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await server.close();
    rmSync(us.folder, { recursive: true });
  });
  beforeEach(() => {
    for (const name of ["did", "fails"]) rmSync(us.file(name), { force: true });
    writeFileSync(us.file("destroyed"), " -  kubernetes:core/v1:Secret us-token deleted (0.1s)\n");
    us.writeState("state.json", [root(), fleetComponent, provider("us"), anchor, secret]);
    us.objects = [];
    us.answer = () => undefined;
  });
  return us;
}
