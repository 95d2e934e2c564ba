import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { asSource, secretData } from "./credentials";
import { type StackConfig, type Step, TestLab } from "./harness";
import { liveObjects, releaseStates } from "./inventory";
import { exactly, follow, followAll, readRunbook } from "./runbook";

const CLUSTERS = ["us", "eu", "apac"];
const PAIRS = CLUSTERS.flatMap((source) =>
  CLUSTERS.filter((target) => target !== source).map((target) => ({ source, target })),
);

let lab: TestLab;
beforeAll(async () => {
  lab = await TestLab.create();
  await lab.bringUp();
});
afterAll(() => lab?.remove());

interface Meta {
  readonly name: string;
  readonly creationTimestamp: string;
}

/** Creation times of all Links of a cluster, by target. */
async function linkAges(cluster: string): Promise<Record<string, string>> {
  const { items } = JSON.parse(await lab.kubectl(cluster, "get", "links", "-A", "-o", "json")) as {
    items: { metadata: Meta }[];
  };
  return Object.fromEntries(items.map(({ metadata }) => [metadata.name, metadata.creationTimestamp]));
}

describe("the credentials of a link", () => {
  it.each(PAIRS)("let $source read services of $target, through both copies", async ({ source, target }) => {
    for (const namespace of ["linkerd", "linkerd-multicluster"]) {
      const read = await asSource(lab, source, target, namespace, [
        "get",
        "services,pods,endpointslices",
        "-A",
      ]);
      expect(read.stderr).toBe("");
      expect(read.stdout).toContain("checkout");
    }
  });

  it.each(PAIRS)("let $source read no Secret of $target and write nothing", async ({ source, target }) => {
    const attempts = [
      ["get", "secrets", "-A"],
      ["create", "configmap", "stray", "-n", "shop"],
      ["label", "service", "checkout", "-n", "shop", "stray=true"],
      ["delete", "service", "checkout", "-n", "shop"],
      ["create", "token", `linkerd-service-mirror-remote-access-${source}`, "-n", "linkerd-multicluster"],
    ];
    for (const attempt of attempts) {
      const refused = await asSource(lab, source, target, "linkerd-multicluster", attempt);
      expect(refused.code).not.toBe(0);
      expect(refused.stderr.toLowerCase()).toContain("forbidden");
    }
  });

  it("name the target as the stack file does, with a CA and a token of their own", async () => {
    const { kubeconfig } = await secretData(lab, "us", "linkerd", "cluster-credentials-eu");
    const config = JSON.parse(kubeconfig ?? "");
    expect(config.clusters[0].cluster.server).toBe(lab.apiServer(1));
    expect(
      Buffer.from(config.clusters[0].cluster["certificate-authority-data"], "base64").toString(),
    ).toContain("BEGIN CERTIFICATE");
    expect(Object.keys(config.users[0].user)).toEqual(["token"]);
  });
});

describe("secrets", () => {
  it("stand nowhere in plain text: state, history, logs, Helm releases", async () => {
    const needles: string[] = [];
    for (const cluster of CLUSTERS) {
      const { items } = JSON.parse(await lab.kubectl(cluster, "get", "secrets", "-A", "-o", "json")) as {
        items: { type: string; data?: Record<string, string> }[];
      };
      for (const { type, data = {} } of items) {
        if (type === "helm.sh/release.v1") continue;
        for (const [key, value] of Object.entries(data)) {
          if (!["tls.key", "token", "kubeconfig"].includes(key)) continue;
          const text = Buffer.from(value, "base64").toString("utf8");
          const body = key === "tls.key" ? (text.split("\n")[1] ?? "") : text;
          needles.push(value.slice(0, 60), key === "kubeconfig" ? value.slice(-60) : body.slice(0, 60));
        }
      }
    }
    // Four TLS keys and two tokens in each cluster, and both copies of the credentials of two links.
    expect(needles.length).toBeGreaterThanOrEqual(3 * 2 * (4 + 2 + 4));

    const places = new Map<string, string>();
    for (const folder of [lab.lab.state, lab.lab.logs]) {
      for (const file of readdirSync(folder, { recursive: true, withFileTypes: true })) {
        const path = join(file.parentPath, file.name);
        if (file.isFile()) places.set(path, readFileSync(path, "utf8"));
      }
    }
    for (const cluster of CLUSTERS) {
      const { items } = JSON.parse(
        await lab.kubectl(cluster, "get", "secrets", "-A", "-l", "owner=helm", "-o", "json"),
      ) as { items: { metadata: Meta; data: { release: string } }[] };
      for (const { metadata, data } of items) {
        const archive = Buffer.from(Buffer.from(data.release, "base64").toString("utf8"), "base64");
        places.set(`${cluster}/${metadata.name}`, gunzipSync(archive).toString("utf8"));
      }
    }
    expect(places.size).toBeGreaterThan(9);
    for (const [place, text] of places) {
      expect(text, place).not.toMatch(/-----BEGIN[A-Z ]* PRIVATE KEY/);
      const found = needles.filter((needle) => text.includes(needle));
      expect(found.length, `secrets in plain text in ${place}`).toBe(0);
    }
  });
});

/** What a new or lost target changes in each source: the controllers of its release, the Links it admits. */
const LISTS_OF_TARGETS = ["apac", "eu", "us"].flatMap((cluster) => [
  `update ${cluster}-admission-linkerd-fleet-links`,
  `update ${cluster}-multicluster-release`,
]);

/** All steps but those of one operation; the stack itself changes with its outputs. */
function changes(steps: readonly Step[], besides: string): string[] {
  return steps
    .filter(({ op, type }) => op !== besides && type !== "pulumi:pulumi:Stack")
    .map(({ op, name }) => `${op} ${name}`)
    .sort();
}

const REFUSED: [rule: string, change: (config: StackConfig) => void, what: string, path: string][] = [
  [
    "drop-signing-anchor",
    (config) => {
      config["linkerd-fleet:trust"] = { anchors: [{ id: "2027", state: "active" }] };
    },
    "trust anchor 2026",
    "add the new anchor as `staged`",
  ],
  [
    "rename-cluster",
    (config) => {
      const { eu, ...others } = config["linkerd-fleet:clusters"];
      config["linkerd-fleet:clusters"] = { ...others, ...(eu && { europe: eu }) };
      for (const service of config["linkerd-fleet:services"])
        service.in = service.in.map((name) => (name === "eu" ? "europe" : name));
    },
    "cluster eu, now europe",
    "keep the name",
  ],
  [
    "remove-undrained-link",
    (config) => {
      config["linkerd-fleet:topology"] = { kind: "hub", hub: "us" };
    },
    "link apac → eu; link eu → apac",
    "`state: draining`, deploy",
  ],
];

describe("an unsafe change", () => {
  let before: unknown;
  beforeAll(async () => {
    before = await everything();
  });

  /** The version of each object that the engine made, the revisions of the releases, the resources of the state. */
  async function everything(): Promise<unknown> {
    const clusters = await Promise.all(
      CLUSTERS.map(async (cluster) => {
        const objects = (await liveObjects(lab, cluster)).filter(({ ours }) => ours);
        expect(objects.length).toBeGreaterThan(20);
        const versions = objects.map(({ key, version }) => `${key} ${version}`);
        return { cluster, versions, releases: await releaseStates(lab, cluster) };
      }),
    );
    // Each run encrypts all secrets anew; `modified` tells when a resource was written.
    const { deployment } = JSON.parse((await lab.pulumi("stack", "export")).stdout, (key, value) =>
      key === "ciphertext" ? undefined : value,
    ) as { deployment: { resources: Record<string, unknown>[] } };
    const resources = deployment.resources.map(({ sourcePosition, stackTrace, ...resource }) => resource);
    return { clusters, resources };
  }

  it.each(REFUSED)(
    "is refused by preview and by up, which change nothing: %s",
    async (rule, change, what, path) => {
      const stackFile = readFileSync(lab.lab.stackFile);
      try {
        lab.edit(change);
        const told = await lab.shell("pulumi preview --json | npx fleet report --stack dev --fail-on risky");
        expect(told.code, told.stderr).toBe(1);
        const up = await lab.pulumi("up", "--yes", "--skip-preview", "--continue-on-error");
        expect(up.code).not.toBe(0);
        for (const output of [told.stdout, up.stdout + up.stderr]) {
          expect(output).toContain(`${rule}: ${what}\n`);
          expect(output).toContain(path);
        }
      } finally {
        writeFileSync(lab.lab.stackFile, stackFile);
      }
      expect(await everything()).toEqual(before);
    },
  );
});

describe("a fourth cluster", () => {
  const latam = () => ({ context: "latam", region: "latam", network: "lab", apiServer: lab.apiServer(3) });
  const [drain, up, drained, ...removal] = exactly(6, readRunbook("drain-and-remove-a-cluster"));
  let before: Record<string, string>;

  it("previews as additions only, besides the list of targets in each source", async () => {
    before = await linkAges("us");
    lab.edit((config) => {
      config["linkerd-fleet:clusters"].latam = latam();
    });
    // A cluster comes before its fleet: the preview reads its kubeconfig.
    await lab.start();
    const steps = await lab.preview();
    expect(changes(steps, "create")).toEqual(LISTS_OF_TARGETS);
    const links = steps.filter(({ type }) => type === "kubernetes:multicluster.linkerd.io/v1alpha3:Link");
    expect(links).toHaveLength(6);
  });

  it("comes up linked to all, and no Link of the others is made anew", async () => {
    const ran = await lab.cli();
    expect(ran.stderr).toBe("");
    expect(ran.code).toBe(0);
    expect(await linkAges("us")).toMatchObject(before);
    expect(Object.keys(await linkAges("latam")).sort()).toEqual(["apac", "eu", "us"]);
    expect(await lab.preview()).toEqual([]);
  });

  it("is not removed before it was drained", async () => {
    lab.edit((config) => {
      delete config["linkerd-fleet:clusters"].latam;
    });
    const refused = await lab.pulumi("preview");
    expect(refused.code).not.toBe(0);
    expect(refused.stdout + refused.stderr).toContain("remove-undrained-cluster: cluster latam");
    lab.edit((config) => {
      config["linkerd-fleet:clusters"].latam = latam();
    });
    await follow(lab, drain);
    // The cluster's state, each Link and the component around it.
    const steps = changes(await lab.preview(), "none");
    expect(steps).toHaveLength(13);
    for (const step of steps) expect(step).toMatch(/^update (latam|(latam-to-\w+|\w+-to-latam)(-link)?)$/);
    const { stdout } = await followAll(lab, [up, drained]);
    for (const other of CLUSTERS) {
      expect(stdout).toContain(`latam → ${other}: drained`);
      expect(stdout).toContain(`${other} → latam: drained`);
    }
  });

  it("is removed with its own things only, as the runbook says", async () => {
    lab.edit((config) => {
      delete config["linkerd-fleet:clusters"].latam;
    });
    const steps = await lab.preview();
    const deleted = steps.filter(({ op }) => op === "delete");
    expect(deleted.length).toBeGreaterThan(40);
    expect(deleted.filter(({ name }) => !name.includes("latam"))).toEqual([]);
    expect(changes(steps, "delete")).toEqual(LISTS_OF_TARGETS);

    await followAll(lab, removal);
    // The lab has a cluster that the fleet has not.
    const ran = await lab.cli();
    expect(ran.stderr).toBe("");
    expect(ran.code).toBe(0);
    expect(await linkAges("us")).toEqual(before);
    const left = await lab.kubectl(
      "us",
      "get",
      "secrets,serviceaccounts,clusterrolebindings",
      "-A",
      "-o",
      "name",
    );
    expect(left).not.toContain("latam");
    expect(await lab.preview()).toEqual([]);
  });
});

describe("one cluster that does not answer", () => {
  it("leaves preview working, lets the others change, and is completed when it is back", async () => {
    expect((await lab.cli("stop", "eu")).code).toBe(0);
    lab.edit((config) => {
      const reports = config["linkerd-fleet:services"].find(({ name }) => name === "reports");
      if (reports) reports.in = ["us", "eu", "apac"];
    });
    const planned = (await lab.preview()).filter(({ type }) => type === "kubernetes:core/v1:ServicePatch");
    expect(planned.map(({ op, name }) => `${op} ${name}`).sort()).toEqual([
      "create eu-bi-reports-grant-service-selector",
      "create eu-bi-reports-labels",
      "create us-bi-reports-grant-service-selector",
      "create us-bi-reports-labels",
    ]);

    const up = await lab.pulumi("up", "--yes", "--skip-preview", "--continue-on-error");
    expect(up.code).not.toBe(0);
    expect(up.stdout + up.stderr).toMatch(/eu.*unreachable|unreachable.*\beu\b/);
    const exported = async (cluster: string) =>
      lab.kubectl(cluster, "get", "service", "reports", "-n", "bi", "-o", "jsonpath={.metadata.labels}");
    expect(await exported("us")).toContain('"mirror.linkerd.io/exported":"true"');

    expect((await lab.cli("start", "eu")).code).toBe(0);
    const completed = await lab.pulumi("up", "--yes", "--skip-preview", "--continue-on-error");
    expect(completed.stderr).toBe("");
    expect(completed.code).toBe(0);
    expect(await exported("eu")).toContain('"mirror.linkerd.io/exported":"true"');
    expect(await lab.preview()).toEqual([]);
  });
});

describe("destroy", () => {
  it("takes the fleet down but for the protected trust anchor, and names it", async () => {
    const destroyed = await lab.pulumi("destroy", "--yes", "--skip-preview", "--continue-on-error");
    expect(destroyed.code).not.toBe(0);
    expect(destroyed.stdout + destroyed.stderr).toMatch(/trust-2026-(key|certificate).*protect/s);
    const { deployment } = JSON.parse((await lab.pulumi("stack", "export")).stdout) as {
      deployment: { resources: { type: string }[] };
    };
    const left = deployment.resources.map(({ type }) => type).filter((type) => !type.startsWith("pulumi:"));
    expect(left.filter((type) => type.startsWith("kubernetes:"))).toEqual([]);
    expect(left).toContain("tls:index/selfSignedCert:SelfSignedCert");
  });

  it("leaves nothing but what Helm keeps by policy", async () => {
    expect((await lab.pulumi("state", "unprotect", "--all", "--yes")).code).toBe(0);
    const destroyed = await lab.pulumi("destroy", "--yes", "--skip-preview", "--continue-on-error");
    expect(destroyed.stderr).toBe("");
    expect(destroyed.code).toBe(0);
    for (const cluster of CLUSTERS) {
      const names = await lab.kubectl(cluster, "get", "namespaces", "-o", "name");
      expect(names).not.toContain("linkerd");
      const kept = await lab.kubectl(cluster, "get", "customresourcedefinitions", "-o", "name");
      expect(
        kept
          .trim()
          .split("\n")
          .filter((name) => !name.endsWith(".gateway.networking.k8s.io")),
      ).toEqual([]);
      const roles = await lab.kubectl(
        cluster,
        "get",
        "clusterroles,clusterrolebindings,mutatingwebhookconfigurations,validatingwebhookconfigurations",
        "-o",
        "name",
      );
      expect(roles).not.toContain("linkerd");
      const labels = await lab.kubectl(cluster, "get", "services", "-A", "--show-labels");
      expect(labels).not.toContain("mirror.linkerd.io");
    }
  });
});

describe("a first update with one cluster down", () => {
  it("brings the others up whole, names the cluster without a stack trace, and is completed later", async () => {
    expect((await lab.cli("stop", "eu")).code).toBe(0);
    const up = await lab.pulumi("up", "--yes", "--skip-preview", "--continue-on-error");
    const output = up.stdout + up.stderr;
    expect(up.code).not.toBe(0);
    expect(output).toContain('cluster "eu" is unreachable');
    expect(output).not.toContain("unhandled exception");
    expect(output).not.toMatch(/^\s+at .*\d+:\d+\)?$/m);
    expect(Object.keys(await linkAges("us"))).toEqual(["apac"]);
    expect(Object.keys(await linkAges("apac"))).toEqual(["us"]);

    expect((await lab.cli("start", "eu")).code).toBe(0);
    const completed = await lab.pulumi("up", "--yes", "--skip-preview", "--continue-on-error");
    expect(completed.stderr).toBe("");
    expect(completed.code).toBe(0);
    expect(Object.keys(await linkAges("eu")).sort()).toEqual(["apac", "us"]);
    expect(await lab.preview()).toEqual([]);
  });
});
