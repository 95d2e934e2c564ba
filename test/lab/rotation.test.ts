import { createHash, X509Certificate } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { judgeReadiness } from "../../fleet/trust/readiness";
import type { Ran } from "../../lab/run";
import { type LiveCluster, openClusters } from "../../live/cluster";
import { readTrust } from "../../live/trust";
import { TestLab } from "./harness";
import { follow, followAll, readRunbook } from "./runbook";
import { during, lastingObjects } from "./watch";

const CLUSTERS = ["us", "eu", "apac"];

let lab: TestLab;
let live: ReadonlyMap<string, LiveCluster>;
beforeAll(async () => {
  lab = await TestLab.create();
  await lab.bringUp();
  vi.stubEnv("KUBECONFIG", lab.lab.kubeconfig);
  const { plan } = JSON.parse((await lab.pulumi("stack", "output", "--json")).stdout);
  live = await openClusters(plan.clusters, undefined);
});
afterAll(() => lab?.remove());

const lasting = () => lastingObjects(lab, CLUSTERS);

function cluster(name: string): LiveCluster {
  const found = live.get(name);
  if (!found) throw new Error(`no cluster ${name}`);
  return found;
}

/** The tokens that a source holds for a target, in its two credentials Secrets. */
async function tokens(source: string, target: string): Promise<string[]> {
  const credentials = z.object({ data: z.object({ kubeconfig: z.string() }) });
  return Promise.all(
    ["linkerd", "linkerd-multicluster"].map(async (namespace) => {
      const path = `/api/v1/namespaces/${namespace}/secrets/cluster-credentials-${target}`;
      const read = await cluster(source).get(path, credentials);
      if (read.state !== "found") throw new Error(`${source}: ${path} is ${read.state}`);
      const kubeconfig = JSON.parse(Buffer.from(read.value.data.kubeconfig, "base64").toString());
      return String(kubeconfig.users[0].user.token);
    }),
  );
}

/** Whether the target's API server takes a token, and lets its holder do something. */
async function isAlive(target: string, token: string): Promise<boolean> {
  const read = await cluster(target).rulesOf(token, "shop");
  if (read.state === "failed" && read.why !== "denied") throw new Error(`${target}: ${read.message}`);
  return (
    read.state === "found" && read.value.resourceRules.some(({ resources }) => resources.includes("pods"))
  );
}

describe("rotating an access, as its runbook says", () => {
  const steps = readRunbook("rotate-access");
  let before: Record<string, string>;
  let old: string[];

  it("gives the source a second token, and at no moment does it hold only a dead one", async () => {
    before = await lasting();
    old = await tokens("us", "eu");
    const samples = await during(
      () => followAll(lab, steps.slice(0, 2)),
      async () => {
        const held = await tokens("us", "eu");
        return (await Promise.all(held.map((token) => isAlive("eu", token)))).every(Boolean);
      },
    );
    expect(samples.length).toBeGreaterThan(20);
    expect(samples).not.toContain(false);
    const fresh = await tokens("us", "eu");
    expect(new Set(fresh).size).toBe(1);
    expect(old).not.toContain(fresh[0]);
    for (const token of old) expect(await isAlive("eu", token)).toBe(true);
  });

  it("makes the service mirror and the destination controller read it again, and replaces nothing", async () => {
    const link = await lab.kubectl("us", "get", "link/eu", "-n=linkerd-multicluster", "-o=jsonpath={.spec}");
    expect(JSON.parse(link).excludedAnnotations).toContain("linkerd-fleet/token-generation-2");
    const destination = JSON.parse(
      await lab.kubectl("us", "get", "deployment/linkerd-destination", "-n=linkerd", "-o=json"),
    );
    expect(destination.spec.template.metadata.annotations).toMatchObject({
      "linkerd-fleet/token-generations": "eu=2",
    });
    expect(destination.status.updatedReplicas).toBe(destination.status.replicas);
    expect(await lasting()).toEqual(before);
  });

  it("then removes the old token, which is dead within ten seconds, and that is all", async () => {
    const steps_ = (await lab.preview()).filter(({ type }) => !type.startsWith("pulumi:"));
    expect(steps_.map(({ op, name }) => `${op} ${name}`).sort()).toEqual([
      "delete eu-for-us-suffix",
      "delete eu-for-us-token",
    ]);
    const { stdout } = await followAll(lab, steps.slice(2));
    expect(stdout).toContain('"tokens":[2]');
    await sleep(10_000);
    for (const token of old) expect(await isAlive("eu", token)).toBe(false);
    for (const token of await tokens("us", "eu")) expect(await isAlive("eu", token)).toBe(true);
    expect(await lab.preview()).toEqual([]);
    expect(await lasting()).toEqual(before);
  });
});

describe("a rotation while the source does not answer", () => {
  it("leaves it with a valid token until it has the new one", async () => {
    const old = await tokens("apac", "us");
    expect((await lab.cli("stop", "apac")).code).toBe(0);
    lab.edit((config) => {
      config["linkerd-fleet:access"] = {
        generations: [
          { target: "eu", source: "us", generation: 2 },
          { target: "us", source: "apac", generation: 2 },
        ],
      };
    });
    const up = ["up", "--yes", "--skip-preview", "--continue-on-error"];
    expect((await lab.pulumi(...up)).code).not.toBe(0);
    expect((await lab.pulumi(...up)).code).not.toBe(0);
    for (const token of old) expect(await isAlive("us", token)).toBe(true);
    expect((await lab.cli("start", "apac")).code).toBe(0);
    expect(await tokens("apac", "us")).toEqual(old);

    const completed = await lab.pulumi(...up);
    expect(completed.stderr).toBe("");
    const fresh = await tokens("apac", "us");
    expect(old).not.toContain(fresh[0]);
    expect((await lab.pulumi(...up)).code).toBe(0);
    expect(await lab.preview()).toEqual([]);
    for (const token of fresh) expect(await isAlive("us", token)).toBe(true);
  });
});

/** Every issuer that chains to no anchor of some cluster's bundle at this moment. */
async function brokenChains(): Promise<string[]> {
  const clusters = await Promise.all(
    CLUSTERS.map(async (name) => [name, await readTrust(cluster(name), "linkerd")] as const),
  );
  for (const [name, seen] of clusters) expect(seen, name).not.toHaveProperty("unread");
  const need = { trusted: [], gone: [], whole: false };
  const { blockers } = judgeReadiness([], need, new Map(clusters), new Date());
  return blockers.flatMap(({ cluster: name, what }) =>
    what.includes("chains to no") ? [`${name}: ${what}`] : [],
  );
}

describe("rotating the anchor of three clusters, as its runbook says", () => {
  const steps = readRunbook("rotate-anchor");
  let before: Record<string, string>;

  /** There is no injector in the lab: this Deployment carries the marks of one, of a proxy that is never there. */
  const web = (bundle: string) => `
    { "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web", "namespace": "shop" },
      "spec": { "selector": { "matchLabels": { "app": "web" } }, "template": {
        "metadata": { "labels": { "app": "web", "linkerd.io/control-plane-ns": "linkerd" }, "annotations": {
          "linkerd.io/trust-root-sha256": "${createHash("sha256").update(bundle).digest("hex")}" } },
        "spec": { "containers": [{ "name": "web", "image": "web:demo" }] } } } }`;
  async function inject(): Promise<void> {
    const bundle = (await lab.pulumi("stack", "output", "trustBundle")).stdout.replace(/\n$/, "");
    const ran = await lab.shell(
      `kubectl --context us apply --server-side --field-manager=injector -f - <<'END'\n${web(bundle)}\nEND\n` +
        "kubectl --context us -n shop rollout status deployment/web --timeout=2m",
    );
    expect(ran.code, ran.stderr).toBe(0);
  }
  const rotation = () => lab.shell("npx fleet rotation");

  it("stages the new one: trusted everywhere, and ready when every meshed pod has restarted", async () => {
    await inject();
    before = await lasting();
    lab.edit((config) => {
      const restart = { extension: true, workloads: [{ namespace: "shop", deployment: "web", in: ["us"] }] };
      config["linkerd-fleet:trust"] = { ...(config["linkerd-fleet:trust"] as object), restart };
    });
    let said = "";
    const broken = await during(async () => {
      said = (await followAll(lab, steps.slice(0, 2))).stdout;
    }, brokenChains);
    expect(said).toContain("Trust anchor 2027 joins the bundle: control planes restart by themselves");
    expect(broken.length).toBeGreaterThan(10);
    expect(broken.flat()).toEqual([]);
    const early = await rotation();
    expect(early.stdout).toMatch(
      /us: 1 of \d+ pods \(Deployment shop\/web 1 of 1\) started with another bundle/,
    );
    expect(early.stdout).toContain("Not yet: make 2027 `state: active`");
    expect(early.code).toBe(1);
  });

  it("refuses the next step while one workload has not restarted, and changes nothing", async () => {
    const staged = (await lab.shell("cat Pulumi.dev.yaml")).stdout;
    await followAll(lab, steps.slice(3, 4));
    for (const command of [["preview"], ["up", "--yes", "--skip-preview", "--continue-on-error"]]) {
      const refused = await lab.pulumi(...command);
      expect(refused.code).not.toBe(0);
      expect(refused.stdout + refused.stderr).toMatch(
        /rotate-before-ready: us: 1 of \d+ pods \(Deployment shop\/web 1 of 1\) started with another bundle/,
      );
    }
    expect((await rotation()).stdout).toMatch(/us: issuer of 2026/);
    expect((await lab.shell(`cat > Pulumi.dev.yaml <<'END'\n${staged}END`)).code).toBe(0);
  });

  it("is ready when it has, and the watch ends", async () => {
    await inject();
    const { stdout } = await followAll(lab, steps.slice(2, 3));
    expect(stdout).toContain("Ready: make 2027 `state: active` and 2026 `state: retiring`");
    expect(await lasting()).toEqual(before);
  });

  it("restarts what the stack file lists, with each change of the anchors", async () => {
    for (const [namespace, deployment] of [
      ["shop", "web"],
      ["linkerd-multicluster", "linkerd-gateway"],
      ["linkerd-multicluster", "controller-eu"],
    ]) {
      const template = await lab.kubectl(
        "us",
        ...["get", `deployment/${deployment}`, `-n=${namespace}`, "-o=jsonpath={.spec.template.metadata}"],
      );
      expect(template, deployment).toContain('"linkerd-fleet/trust-anchors":"2026=active,2027=staged"');
    }
  });

  /** A preview of the last change of the runbook, which is then taken back. */
  async function previewOfLast(): Promise<Ran> {
    const [last] = steps.filter(({ language }) => language === "yaml").slice(-1);
    if (!last) throw new Error("the runbook has no last step");
    const before = (await lab.shell("cat Pulumi.dev.yaml")).stdout;
    await follow(lab, last);
    const previewed = await lab.pulumi("preview");
    expect((await lab.shell(`cat > Pulumi.dev.yaml <<'END'\n${before}END`)).code).toBe(0);
    return previewed;
  }

  it("refuses to drop the old one while it signs", async () => {
    const refused = await previewOfLast();
    expect(refused.code).not.toBe(0);
    expect(refused.stdout + refused.stderr).toContain("drop-signing-anchor: trust anchor 2026");
  });

  const ofWeb = (path: string) =>
    lab.kubectl("us", "get", "deployment/web", "-n=shop", `-o=jsonpath=${path}`);

  it("lets it sign, and is ready when every pod has an identity of the new issuers", async () => {
    // From the old spelling to the new one: nothing restarts, for this or for an anchor that begins to sign.
    lab.edit((config) => {
      const { restart: _, ...trust } = config["linkerd-fleet:trust"] as { restart: unknown };
      config["linkerd-fleet:trust"] = trust;
      config["linkerd-fleet:restart"] = {
        extension: true,
        workloads: [{ namespace: "shop", name: "web", in: ["us"] }],
      };
    });
    const generation = await ofWeb("{.metadata.generation}");
    const broken = await during(() => followAll(lab, steps.slice(3, 5)), brokenChains);
    expect(broken.flat()).toEqual([]);
    expect(await ofWeb("{.metadata.generation}")).toBe(generation);
    const early = await rotation();
    expect(early.stdout).toMatch(/us: .*Deployment linkerd\/.* may have an identity of the issuer before/);
    expect(early.code).toBe(1);
    const refused = await previewOfLast();
    expect(refused.code).not.toBe(0);
    expect(refused.stdout + refused.stderr).toMatch(
      /rotate-before-ready: (.*; )?us: .* may have an identity/,
    );
    const { stdout } = await followAll(lab, steps.slice(5, 6));
    expect(stdout).toContain("Ready: remove 2026 from trust.anchors");
    expect(stdout).toMatch(/us: issuer of 2027/);
    expect(await lasting()).toEqual(before);
  });

  it("removes the old one, and is done when nobody trusts it any more", async () => {
    const broken = await during(() => followAll(lab, steps.slice(6)), brokenChains);
    expect(broken.flat()).toEqual([]);
    expect((await rotation()).stdout).toContain("The last change of the anchors is not finished");
    expect(await ofWeb("{.spec.template.metadata.annotations}")).toMatch(
      /"linkerd-fleet\/restarted-for":"anchors 2027; Linkerd [\d.]+"/,
    );
    await inject();
    const { stdout, code } = await rotation();
    expect(stdout).toContain("Nothing to do: no anchor is staged or retiring");
    expect(code).toBe(0);
    expect(await lasting()).toEqual(before);
    expect(await lab.preview()).toEqual([]);
  });
});

describe("rotating the issuer and the webhook certificates of one cluster, as their runbook says", () => {
  const secrets = [
    "identity-issuer",
    "proxy-injector-k8s-tls",
    "sp-validator-k8s-tls",
    "policy-validator-k8s-tls",
  ];
  const read = async (): Promise<Record<string, string>> =>
    Object.fromEntries(
      await Promise.all(
        ["us", "eu"].flatMap((name) =>
          secrets.map(async (secret) => {
            const path = "-o=jsonpath={.data.tls\\.crt} {.data.tls\\.key} {.metadata.uid}";
            return [
              `${name} ${secret}`,
              await lab.kubectl(name, "get", `secret/linkerd-${secret}`, "-n=linkerd", path),
            ];
          }),
        ),
      ),
    );
  const uids = (...of: string[]) =>
    lab.kubectl(
      "us",
      ...["get", ...of, "-n=linkerd", "-o=jsonpath={range .items[*]}{.metadata.name} {.metadata.uid}\n{end}"],
    );
  const podsAndReleases = async () => [await uids("pods"), await uids("secrets", "-l=owner=helm")];

  it("makes new keys there and nowhere else, and restarts and upgrades nothing", async () => {
    const [before, unmoved, kept] = [await read(), await podsAndReleases(), await lasting()];
    const { stdout } = await followAll(lab, readRunbook("rotate-issuer"));
    expect(stdout).toContain("us: issuer of 2027");
    const after = await read();
    for (const secret of secrets) {
      expect(after[`eu ${secret}`]).toBe(before[`eu ${secret}`]);
      const [was, is] = [before, after].map((of) => String(of[`us ${secret}`]).split(" "));
      expect(is?.[0], secret).not.toBe(was?.[0]);
      expect(is?.[1], secret).not.toBe(was?.[1]);
      expect(is?.[2], secret).toBe(was?.[2]);
    }
    expect(await brokenChains()).toEqual([]);
    expect(await podsAndReleases()).toEqual(unmoved);
    expect(await lasting()).toEqual(kept);
    expect(await lab.preview()).toEqual([]);
  });

  it("leaves the API server with the authority it trusts", async () => {
    for (const [kind, webhook, secret] of [
      ["mutating", "proxy-injector", "proxy-injector-k8s-tls"],
      ["validating", "sp-validator", "sp-validator-k8s-tls"],
      ["validating", "policy-validator", "policy-validator-k8s-tls"],
    ]) {
      const trusted = await lab.kubectl(
        "us",
        ...["get", `${kind}webhookconfiguration/linkerd-${webhook}-webhook-config`],
        "-o=jsonpath={.webhooks[0].clientConfig.caBundle}",
      );
      const [certificate = ""] = String((await read())[`us ${secret}`]).split(" ");
      const served = new X509Certificate(Buffer.from(certificate, "base64"));
      const authority = new X509Certificate(Buffer.from(trusted, "base64"));
      expect(served.checkIssued(authority) && served.verify(authority.publicKey)).toBe(true);
      expect(served.checkHost(`linkerd-${webhook}.linkerd.svc`)).toBe(`linkerd-${webhook}.linkerd.svc`);
    }
  });
});
