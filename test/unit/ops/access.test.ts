import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import type { z } from "zod";
import type { ClusterPlan } from "../../../fleet/clusters/plan";
import type { ClusterState } from "../../../fleet/effective/cluster";
import { planFleet } from "../../../fleet/plan";
import type { LiveCluster, Read } from "../../../live/cluster";
import { type AccessOptions, run } from "../../../ops/access/main";
import { readState } from "../../../ops/access/read";
import { configOf, type FleetInput } from "../../../testing/arbitraries";
import { meshedPod, type Raw, stateOf } from "../../../testing/effective";
import { type Lists, plannedObjects } from "../../../testing/effectiveFleet";
import { soundFleet } from "../../../testing/mistakes/sound";
import { printed } from "../../../testing/printed";

const input = {
  ...soundFleet(),
  services: [
    {
      ...{ name: "checkout", namespace: "shop", mode: "federated", in: ["us", "eu"], ports: ["http"] },
      allow: [{ serviceAccount: "web", namespace: "shop" }],
    },
    {
      ...{ name: "reports", namespace: "bi", mode: "gateway", in: ["apac"], to: ["us"], ports: ["http"] },
      allowGateway: true,
    },
  ],
} as FleetInput;
const plan = planFleet(configOf(input));
const AT: Readonly<Record<string, number>> = { us: 1, eu: 2, apac: 3 };

function objectsOf(cluster: ClusterPlan, of = plan): Lists {
  return plannedObjects(of, cluster, AT[cluster.name] ?? 0);
}

function stateWith(
  cluster: ClusterPlan,
  more: (lists: Lists) => Raw = (lists) => lists,
  of = plan,
): ClusterState {
  const { trustDomain, controlPlaneNamespace, clusterDomain, name } = cluster;
  return stateOf(more(objectsOf(cluster, of)), { trustDomain, controlPlaneNamespace, clusterDomain }, name);
}

const folder = mkdtempSync(join(tmpdir(), "access-"));
const config = join(folder, "Pulumi.prod.yaml");
const dump = join(folder, "case.json");
writeFileSync(
  config,
  stringify({
    config: Object.fromEntries(Object.entries(input).map(([key, of]) => [`linkerd-fleet:${key}`, of])),
  }),
);

const OPTIONS: AccessOptions = {
  ...{
    stack: undefined,
    outputs: undefined,
    config,
    dump,
    save: undefined,
    json: true,
    "as-injected": false,
  },
  ...{ from: undefined, to: undefined, method: undefined, path: undefined },
};

const said = printed();

function saved(change: Readonly<Record<string, (lists: Lists) => Raw>> = {}): void {
  const clusters = plan.clusters.map((cluster) => stateWith(cluster, change[cluster.name]));
  writeFileSync(dump, JSON.stringify({ version: 1, clusters }));
}

describe("fleet access", () => {
  it("prints who reaches each exported service, next to whom the stack file declares", async () => {
    saved();
    expect(await run({ ...OPTIONS, json: false })).toBe("well");
    expect(said.stdout).toContain("shop/checkout");
    expect(said.stdout).toContain("the same");
    expect(said.stdout).toContain("3 ports, 0 differences");
  });

  it("names what lets in whom nobody declared, with a remedy", async () => {
    const open = {
      metadata: { name: "debug", namespace: "shop" },
      spec: {
        targetRef: { group: "policy.linkerd.io", kind: "server", name: "fleet.checkout.http" },
        requiredAuthenticationRefs: [],
      },
    };
    saved({
      eu: (lists) => ({ ...lists, authorizationPolicies: [...lists.authorizationPolicies, open] }),
    });
    expect(await run(OPTIONS)).toBe("broken");
    const [difference, ...others] = JSON.parse(said.stdout).differences;
    expect(difference).toMatchObject({
      ...{ kind: "open", cluster: "eu", namespace: "shop", name: "checkout", port: "http" },
      why: "AuthorizationPolicy shop/debug lets it in",
    });
    expect(difference.remedy).toContain("correct or delete AuthorizationPolicy shop/debug");
    expect(others.every(({ by }: { by: string[] }) => by.includes("AuthorizationPolicy shop/debug"))).toBe(
      true,
    );
  });

  it("answers one question, on each way that there is", async () => {
    saved();
    const ask = async (from: string, to: string, more: Partial<AccessOptions> = {}) => {
      said.stdout = "";
      const end = await run({ ...OPTIONS, from, to, ...more });
      const answers: { way: string; outcome: string; declared?: boolean }[] = JSON.parse(said.stdout);
      return [end, ...answers.map(({ way, outcome, declared }) => `${way}: ${outcome}, ${declared}`)];
    };
    expect(await ask("shop/web@us", "eu:shop/checkout:http")).toEqual([
      "well",
      "directly: allowed, true",
      "through the gateway: denied, false",
    ]);
    expect(await ask("shop/batch@us", "eu:shop/checkout:http")).toEqual([
      "well",
      "directly: denied, false",
      "through the gateway: denied, false",
    ]);
    expect(await ask("elsewhere/batch@eu", "eu:shop/checkout:80", { method: "POST" })).toEqual([
      "well",
      "directly: allowed, true",
    ]);
    expect((await ask("shop/web@us", "apac:bi/reports:http")).at(-1)).toBe(
      "through the gateway: allowed, true",
    );
    expect((await ask("unmeshed@us", "apac:bi/reports:http")).at(-1)).toBe(
      "through the gateway: denied, false",
    );
  });

  it("says that the caller's cluster sees no such service, and that this keeps nobody out", async () => {
    saved();
    const ask = async (from: string) => {
      said.stdout = "";
      await run({ ...OPTIONS, from, to: "apac:bi/reports:http", json: false });
      return said.stdout;
    };
    const hidden = "sees no mirror service of it: `to` does not name that cluster";
    expect(await ask("shop/web@eu")).toContain(hidden);
    expect(await ask("shop/web@eu")).toContain("through the gateway: allowed");
    expect(await ask("shop/web@us")).not.toContain(hidden);
    expect(await ask("shop/web@apac")).not.toContain(hidden);
    said.stdout = "";
    await run({ ...OPTIONS, json: false });
    expect(said.stdout).toContain("(to us)");
  });

  it("says of an audited service that everybody reaches it, which is no difference", async () => {
    const services = input.services?.map((one) => ({ ...one, enforce: "audit" as const, probes: [] }));
    const file = join(folder, "Pulumi.audit.yaml");
    const sections = { ...input, services };
    writeFileSync(
      file,
      stringify({
        config: Object.fromEntries(Object.entries(sections).map(([key, of]) => [`linkerd-fleet:${key}`, of])),
      }),
    );
    const auditing = planFleet(configOf(sections));
    const states = auditing.clusters.map((cluster) => stateWith(cluster, undefined, auditing));
    writeFileSync(dump, JSON.stringify({ version: 1, clusters: states }));
    expect(await run({ ...OPTIONS, config: file })).toBe("well");
    const { rows, differences } = JSON.parse(said.stdout);
    expect(differences).toEqual([]);
    for (const { declared, reached, audited } of rows) {
      expect(reached).toEqual(declared);
      expect(audited).toEqual(["everybody who reaches its pods"]);
    }
    said.stdout = "";
    await run({ ...OPTIONS, config: file, json: false });
    expect(said.stdout.match(/audited: everybody who reaches its pods/g)).toHaveLength(3);

    const ask = async (from: string) => {
      said.stdout = "";
      const end = await run({ ...OPTIONS, config: file, json: false, from, to: "eu:shop/checkout:http" });
      return [end, said.stdout.split("\n")[0]];
    };
    expect(await ask("shop/web@us")).toEqual(["well", "directly: allowed; the stack file declares it"]);
    expect(await ask("shop/batch@us")).toEqual([
      "well",
      "directly: allowed and audited, which `enforce: deny` would refuse; the stack file does not declare it",
    ]);
    // The same objects where the stack file says `deny`.
    expect(await run(OPTIONS)).toBe("broken");
  });

  it("says what is wrong with a question or a dump", async () => {
    saved();
    const asked = (from: string, to: string) => run({ ...OPTIONS, from, to });
    await expect(asked("web", "eu:shop/checkout:http")).rejects.toThrow("--from takes");
    await expect(asked("shop/web@us", "shop/checkout")).rejects.toThrow("--to takes");
    await expect(asked("shop/web@mars", "eu:shop/checkout:http")).rejects.toThrow("mars was not read");
    await expect(asked("shop/web@us", "eu:shop/cart:http")).rejects.toThrow("eu has no Service shop/cart");
    writeFileSync(dump, "{}");
    await expect(run(OPTIONS)).rejects.toThrow("is no dump");
    writeFileSync(dump, "nothing");
    await expect(run(OPTIONS)).rejects.toThrow("is no JSON");
  });

  it("can save what it read, which it then reads alike", async () => {
    saved();
    const copy = join(folder, "copy.json");
    await run({ ...OPTIONS, save: copy });
    expect(readFileSync(copy, "utf8")).toBe(readFileSync(dump, "utf8"));
  });
});

describe("reading a cluster", () => {
  const [cluster] = plan.clusters;
  if (!cluster) throw new Error("no cluster");
  const answers: Readonly<Record<string, object>> = {
    "/api/v1/namespaces/linkerd/configmaps/linkerd-config": {
      data: {
        values: stringify({
          clusterDomain: "c.example.com",
          identityTrustDomain: "t.example.com",
          proxy: { defaultInboundPolicy: "deny" },
          proxyInit: { ignoreInboundPorts: 25 },
          policyController: { probeNetworks: ["10.0.0.0/8"] },
        }),
      },
    },
  };
  const lists: Readonly<Record<string, object[]>> = {
    "/api/v1/namespaces": [{ metadata: { name: "shop", annotations: { "linkerd.io/inject": "enabled" } } }],
    "/api/v1/pods": [
      meshedPod("web", {
        metadata: {
          namespace: "shop",
          annotations: { "example.com/secret": "x", "config.linkerd.io/opaque-ports": "80" },
        },
        spec: {
          containers: [{ name: "app", args: ["--password=x"], env: [{ name: "PASSWORD", value: "x" }] }],
        },
      }),
    ],
  };
  const live = (more: Partial<LiveCluster> = {}): LiveCluster => ({
    name: "eu",
    get: async <T>(path: string, shape: z.ZodType<T>): Promise<Read<T>> => {
      const found = answers[path];
      return found ? { state: "found", value: shape.parse(found) } : { state: "missing" };
    },
    list: async <T>(path: string, item: z.ZodType<T>): Promise<Read<T[]>> => {
      const found = lists[path];
      return found ? { state: "found", value: found.map((one) => item.parse(one)) } : { state: "missing" };
    },
    metadata: async () => ({ state: "missing" }),
    rulesOf: async () => ({ state: "missing" }),
    remove: async () => ({ state: "missing" }),
    merge: async () => ({ state: "missing" }),
    ...more,
  });

  it("takes the mesh's settings from its chart, and no kind that it does not know", async () => {
    const read = await readState(live(), cluster, false);
    if (read.state !== "found") throw new Error("not read");
    expect(read.value.mesh).toEqual({
      controlPlaneNamespace: "linkerd",
      clusterDomain: "c.example.com",
      trustDomain: "t.example.com",
      clusterNetworks: ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fd00::/8"],
      defaultInboundPolicy: "deny",
      probeNetworks: ["10.0.0.0/8"],
      skipInboundPorts: "25",
    });
    expect(read.value.objects.grpcRoutes).toEqual([]);
  });

  it("keeps nothing that an application may keep secret", async () => {
    expect(JSON.stringify(await readState(live(), cluster, false))).not.toMatch(
      /password|example\.com\/secret/i,
    );
  });

  it("takes pods that ask for a proxy as if they had one, where that is wished", async () => {
    const proxies = async (asInjected: boolean) => {
      const read = await readState(live(), cluster, asInjected);
      if (read.state !== "found") throw new Error("not read");
      return read.value.objects.pods.flatMap(({ spec }) => spec.containers.map(({ name }) => name));
    };
    expect(await proxies(false)).toEqual(["app"]);
    expect(await proxies(true)).toEqual(["app", "linkerd-proxy"]);
  });

  it("says why it could not", async () => {
    const failed = { state: "failed", why: "denied", message: "you may not" } as const;
    expect(await readState(live({ list: async () => failed }), cluster, false)).toEqual(failed);
    expect(await readState(live({ get: async () => ({ state: "missing" }) }), cluster, false)).toMatchObject({
      message: expect.stringContaining("no ConfigMap linkerd/linkerd-config"),
    });
  });
});
