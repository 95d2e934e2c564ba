import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { stringify } from "yaml";
import { fleet } from "../../../ops/cli";
import { ApiServer, type Asked, type Reply } from "../../../testing/apiServer";
import { printed } from "../../../testing/printed";

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
const ofTarget = (target: string) => ({ ...MIRRORED, "mirror.linkerd.io/cluster-name": target });
const REMOTE = "multicluster.linkerd.io/remote-discovery";
const LOCAL = "multicluster.linkerd.io/local-discovery";

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

let folder: string;
let server: ApiServer;
let objects: Kept[];
let answer: (asked: Asked) => Reply | undefined;
const file = (name: string) => join(folder, name);
const did = () => (existsSync(file("did")) ? readFileSync(file("did"), "utf8").trim().split("\n") : []);

const at = (kind: string, name: string, metadata: object = {}, more: object = {}): Kept => ({
  kind,
  metadata: { name, namespace: "shop", ...metadata },
  ...more,
});

/** One API server for one cluster, `us`: lists by label, deletes, and merges annotations. */
function api({ method, path, query, body }: Asked): Reply {
  const own = answer({ method, path, query, body, authorization: undefined });
  if (own !== undefined) return own;
  if (path === "/us/version") return { body: {} };
  const [, , root, ...rest] = path.split("/");
  const within = rest.slice(root === "api" ? 1 : 2);
  const [namespace, kind, name] = within[0] === "namespaces" ? within.slice(1) : [undefined, ...within];
  const found = objects.filter(
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
  if (method === "DELETE") objects = objects.filter((other) => other !== one);
  if (method === "PATCH") {
    const { metadata } = JSON.parse(body) as { metadata: { annotations: Record<string, string | null> } };
    const merged = Object.entries({ ...one.metadata.annotations, ...metadata.annotations });
    one.metadata.annotations = Object.fromEntries(
      merged.flatMap(([key, value]) => (value === null ? [] : [[key, value]])),
    );
  }
  return { body: one };
}

const urn = (types: string, name: string) => `urn:pulumi:dev::linkerd-fleet::${types}::${name}`;
const FLEET = "linkerd-fleet:fleet:Fleet";
const provider = (name: string) => ({
  urn: urn(`${FLEET}$pulumi:providers:kubernetes`, name),
  type: "pulumi:providers:kubernetes",
  id: "id",
  inputs: { context: name, kubeconfig: "" },
});
const anchor = {
  urn: urn(`${FLEET}$linkerd-fleet:trust:Trust$tls:index/privateKey:PrivateKey`, "trust-2026-key"),
  type: "tls:index/privateKey:PrivateKey",
  protect: true,
};
const secret = {
  urn: urn(`${FLEET}$linkerd-fleet:cluster:Cluster$kubernetes:core/v1:Secret`, "us-token"),
  type: "kubernetes:core/v1:Secret",
  provider: `${provider("us").urn}::id`,
};
const link = (source: string, target: string) => ({ source, target, modes: [], state: "active" });
const outputs = {
  links: { "us/eu": link("us", "eu"), "us/apac": link("us", "apac"), "eu/us": link("eu", "us") },
  plan: { schema: 2, anchors: [], clusters: {} },
};
const root = (more: object = {}) => ({
  urn: urn("pulumi:pulumi:Stack", "linkerd-fleet-dev"),
  type: "pulumi:pulumi:Stack",
  outputs: { ...outputs, ...more },
});
const fleetComponent = { urn: urn(FLEET, "fleet"), type: FLEET };

function write(name: string, resources: readonly object[], more: object = {}): void {
  writeFileSync(file(name), JSON.stringify({ version: 3, deployment: { resources, ...more } }));
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "linkerd-fleet-destroy-"));
  writeFileSync(file("pulumi"), PULUMI);
  chmodSync(file("pulumi"), 0o755);
  server = await ApiServer.start(api);
  writeFileSync(file("kubeconfig"), server.kubeconfig(["us"]));
  vi.stubEnv("KUBECONFIG", file("kubeconfig"));
  vi.stubEnv("PATH", `${folder}:${process.env.PATH}`);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await server.close();
  rmSync(folder, { recursive: true });
});

const said = printed();
beforeEach(() => {
  for (const name of ["did", "fails"]) rmSync(file(name), { force: true });
  writeFileSync(file("destroyed"), " -  kubernetes:core/v1:Secret us-token deleted (0.1s)\n");
  write("state.json", [root(), fleetComponent, provider("us"), anchor, secret]);
  objects = [];
  answer = () => undefined;
});

/** What a cluster named `us` holds of its links to eu and apac, and of others. */
const leftovers = () => [
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
const names = () => objects.map(({ kind, metadata: { name } }) => `${kind}/${name}`).sort();

describe("a fleet that is destroyed", () => {
  it("leaves nothing that a service mirror made, and the anchor goes when all is clean", async () => {
    objects = leftovers();
    expect([await fleet(["destroy", "--yes"]), said.stderr]).toEqual(["well", ""]);
    expect(names()).toEqual(["leases/somebody-elses", "services/checkout"]);
    const [first, unprotected, last, ...more] = did();
    expect(first).toContain(`--continue-on-error`);
    for (const kept of [provider("us"), anchor]) expect(first).toContain(`--exclude ${kept.urn}`);
    expect(unprotected).toContain(`state unprotect ${anchor.urn} --yes`);
    expect(last).not.toContain("--exclude");
    expect(more).toEqual([]);
    expect(said.stdout).toContain('us (context "us"): answers, 1 resources');
    expect(said.stdout).toContain("us: deleted Service shop/reports-eu, which a service mirror left");
  });

  it("takes nothing that a Link of somebody else's still feeds, or that nobody knows", async () => {
    objects = [
      ...leftovers(),
      at("links", "apac", { namespace: "theirs" }, { spec: { targetClusterName: "apac" } }),
      at("services", "reports-apac", { labels: ofTarget("apac") }),
      at("services", "old-mars", { labels: ofTarget("mars") }),
      at("deployments", "linkerd-local-service-mirror", { namespace: "linkerd-multicluster" }),
    ];
    expect(await fleet(["destroy", "--yes"])).toBe("well");
    expect(names()).toEqual([
      "deployments/linkerd-local-service-mirror",
      "leases/local-service-mirror-write",
      "leases/somebody-elses",
      "links/apac",
      "services/checkout",
      "services/checkout-federated",
      "services/old-mars",
      "services/reports-apac",
    ]);
    const federated = objects.find(({ metadata: { name } }) => name === "checkout-federated");
    expect(federated?.metadata.annotations).toEqual({ [REMOTE]: "checkout@apac", [LOCAL]: "checkout" });
    expect(said.stdout).toContain(
      "us: left alone, because it leads to none of the clusters in question: shop/old-mars.",
    );
  });

  it("takes mirror services of links that nobody remembers, once the cluster knows no Links any more", async () => {
    answer = ({ path }) => (path.endsWith("/links") ? { status: 404, body: {} } : undefined);
    objects = [...leftovers(), at("services", "old-mars", { labels: ofTarget("mars") })];
    expect(await fleet(["destroy", "--yes"])).toBe("well");
    expect(names()).toEqual(["leases/somebody-elses", "services/checkout"]);
  });

  it("keeps its providers, its outputs and its anchor until the rest is done, so that it can be run again", async () => {
    objects = leftovers();
    writeFileSync(file("fails"), "");
    writeFileSync(
      file("destroyed"),
      "Diagnostics:\n  kubernetes:core/v1:Secret (us-token):\n    error: no\n",
    );
    expect(await fleet(["destroy", "--yes"])).toBe("broken");
    expect(said.stderr).toContain("error: no");
    expect(said.stdout).toContain("Resources that are left: us: 1.");
    expect(did()).toHaveLength(1);
    expect(names()).toEqual(["leases/somebody-elses", "services/checkout"]);
    rmSync(file("fails"));
    write("state.json", [root(), fleetComponent, provider("us"), anchor]);
    objects = leftovers();
    expect(await fleet(["destroy", "--yes"])).toBe("well");
    expect(names()).toEqual(["leases/somebody-elses", "services/checkout"]);
  });

  it("names a cluster that does not answer, and does not end before it was cleaned", async () => {
    write("state.json", [root(), fleetComponent, provider("us"), provider("mars"), anchor, secret]);
    expect(await fleet(["destroy", "--yes"])).toBe("attention");
    expect(said.stdout).toMatch(/mars \(context "mars"\): does not answer: .*mars/);
    // Its resources were forgotten before.
    expect(said.stdout).toContain("mars does not answer, and the state held nothing of it any more");
  });

  it("is not ended where something cannot be deleted", async () => {
    objects = leftovers();
    answer = ({ method, path }) =>
      method === "DELETE" && path.endsWith("/reports-eu")
        ? { status: 403, body: { message: "you may not" } }
        : undefined;
    expect(await fleet(["destroy", "--yes"])).toBe("attention");
    expect(said.stdout).toContain("us: Service shop/reports-eu: you may not");
    expect(did()).toHaveLength(1);
  }, 15_000);

  it("is told that it is gone, the second time", async () => {
    write("state.json", []);
    expect(await fleet(["destroy", "--yes"])).toBe("well");
    expect(said.stdout).toContain("The stack is empty");
    expect(did()).toEqual([]);
  });
});

describe("a refusal changes nothing", () => {
  const refused = async (words: string) => {
    expect(await fleet(["destroy", "--yes"])).toBe("notBegun");
    expect(said.stderr).toContain(words);
    expect(said.stderr).toContain("Nothing was changed.");
    expect(did()).toEqual([]);
  };

  it("of a stack without a fleet", async () => {
    write("state.json", [{ urn: urn("aws:s3/bucket:Bucket", "logs"), type: "aws:s3/bucket:Bucket" }]);
    await refused("The stack holds no fleet");
  });

  it("of something protected that is not the fleet's", async () => {
    const bucket = { urn: urn("aws:s3/bucket:Bucket", "logs"), type: "aws:s3/bucket:Bucket", protect: true };
    write("state.json", [root(), fleetComponent, bucket]);
    await refused(`pulumi state unprotect '${bucket.urn}'`);
  });

  it("of an update that was interrupted", async () => {
    const pending_operations = [{ type: "creating", resource: secret }];
    write("state.json", [root(), fleetComponent, provider("us")], { pending_operations });
    await refused("run `npx fleet recover` first");
  });

  it("without --yes, where nobody can be asked", async () => {
    expect(await fleet(["destroy"])).toBe("notBegun");
    expect(said.stderr).toContain("Add --yes");
    expect(did()).toEqual([]);
  });
});

describe("one stack of several", () => {
  const share = (trust: string) =>
    writeFileSync(
      file("Pulumi.dev.yaml"),
      stringify({
        config: {
          "linkerd-fleet:linkerd": { version: "2026.8.3" },
          "linkerd-fleet:trust": { stack: trust, anchors: [{ id: "2026", state: "active" }] },
          "linkerd-fleet:clusters": {
            us: { stack: "dev", context: "us", apiServer: "https://us.example.com" },
            eu: { stack: "other", context: "eu", apiServer: "https://eu.example.com" },
            apac: { stack: "new", context: "apac", apiServer: "https://apac.example.com" },
          },
          "linkerd-fleet:topology": { kind: "mesh" },
          "linkerd-fleet:services": [],
        },
      }),
    );
  const planned = {
    apiServer: "https://eu.example.com",
    ...{ trustDomain: "cluster.local", clusterDomain: "cluster.local", controlPlaneNamespace: "linkerd" },
    ...{ wave: 1, ha: false, charts: { crds: "1", controlPlane: "1", multicluster: "1" } },
  };
  const other = root({
    links: { "eu/us": link("eu", "us") },
    plan: { ...outputs.plan, clusters: { eu: planned } },
  });
  let before: string;

  afterEach(() => process.chdir(before));
  beforeEach(() => {
    before = process.cwd();
    process.chdir(folder);
    write("state.json", [root({ handover: {} }), fleetComponent, provider("us"), anchor, secret]);
  });
  it("that has the anchors does not go before the stacks whose issuers they sign", async () => {
    share("dev");
    write("other.json", [other]);
    expect(await fleet(["destroy", "--yes"])).toBe("notBegun");
    expect(said.stderr).toContain("other: eu");
    expect(said.stderr).toContain("`npx fleet destroy --stack <stack>`");
    expect(did()).toEqual([]);
  });

  it("that has the anchors goes last", async () => {
    share("dev");
    write("other.json", []);
    expect([await fleet(["destroy", "--yes"]), said.stderr]).toEqual(["well", ""]);
  });

  it("names the stack whose links lose what they use", async () => {
    share("new");
    write("other.json", [other]);
    expect([await fleet(["destroy", "--yes"]), said.stderr]).toEqual(["well", ""]);
    expect(said.stdout).toContain("The stack other loses what its links use: eu → us.");
  });
});

describe("tidy", () => {
  const planned = (context: string) => ({
    apiServer: `https://${context}.example.com`,
    context,
    ...{ trustDomain: "cluster.local", clusterDomain: "cluster.local", controlPlaneNamespace: "linkerd" },
    ...{ wave: 1, ha: false, charts: { crds: "1", controlPlane: "1", multicluster: "1" } },
  });
  beforeEach(() => {
    const plan = { schema: 2, anchors: [], clusters: { us: planned("us") } };
    const rest = { clusters: {}, links: {}, services: [], trustBundle: "" };
    writeFileSync(file("outputs.json"), JSON.stringify({ ...rest, plan }));
    objects = [
      ...leftovers(),
      at("deployments", "linkerd-local-service-mirror", { namespace: "linkerd-multicluster" }),
      at("links", "apac", { namespace: "linkerd-multicluster" }, { spec: { targetClusterName: "apac" } }),
    ];
  });

  it("takes what is left of a link that is gone, and nothing of the others", async () => {
    expect([await fleet(["tidy", "eu", "--yes"]), said.stderr]).toEqual(["well", ""]);
    expect(said.stdout).toContain(
      "us still has Service shop/reports-eu, members of Service shop/checkout-federated, Endpoints shop/reports-eu",
    );
    expect(names()).not.toContain("services/reports-eu");
    expect(names()).not.toContain("leases/service-mirror-write-eu");
    expect(names()).toContain("leases/local-service-mirror-write");
    const federated = objects.find(({ metadata: { name } }) => name === "checkout-federated");
    expect(federated?.metadata.annotations).toEqual({ [REMOTE]: "checkout@apac", [LOCAL]: "checkout" });
    said.stdout = "";
    expect(await fleet(["tidy", "eu"])).toBe("well");
    expect(said.stdout).toBe("Nothing is left of links to eu.\n");
  });

  it("does not touch what a Link still feeds, and asks before it deletes anything", async () => {
    expect(await fleet(["tidy", "apac", "--yes"])).toBe("well");
    expect(names()).toContain("services/checkout-federated");
    expect(await fleet(["tidy", "eu"])).toBe("notBegun");
    expect(said.stderr).toContain("Add --yes");
    expect(names()).toContain("services/reports-eu");
  });

  it("empties a cluster that has left the fleet, its own federated services included", async () => {
    writeFileSync(
      file("outputs.json"),
      readFileSync(file("outputs.json"), "utf8").replaceAll('"us"', '"mars"'),
    );
    objects = leftovers();
    expect(await fleet(["tidy", "eu", "apac", "--in", "us", "--yes"])).toBe("attention");
    expect(names()).toEqual(["leases/somebody-elses", "services/checkout"]);
    // The other cluster of the fleet does not answer.
    expect(said.stdout).toMatch(/^mars: /m);
  });
});
