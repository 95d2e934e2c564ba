import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { stringify } from "yaml";
import { z } from "zod";
import { planFleet } from "../../../fleet/plan";
import { openFleet } from "../../../live/fleet";
import { readStackFile } from "../../../live/stackFile";
import { expiring, prometheus } from "../../../ops/expiry/expiry";
import { linkedGateways } from "../../../ops/gateways/gateways";
import { differences } from "../../../ops/verify/differences";
import { CHECKS, judge, type Result, worst } from "../../../ops/verify/judge";
import { junit, table } from "../../../ops/verify/print";
import { readFleet } from "../../../ops/verify/read";
import { compareRights } from "../../../ops/verify/rights";
import { ApiServer, type Asked, type Reply } from "../../../testing/apiServer";
import { LiveFleet, meshStackFile } from "../../../testing/liveFleet";
import type { Stored } from "../../../testing/stored";

let folder: string;
let server: ApiServer;
let fleet: LiveFleet;
/** What the API server answers to some questions instead. */
let instead: (asked: Asked) => Reply | "as planned" = () => "as planned";

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "linkerd-fleet-verify-"));
  writeFileSync(file("stack.yaml"), stringify(meshStackFile(["us", "eu"])));
  const { config, problems } = readStackFile(file("stack.yaml"));
  if (problems) throw new Error(JSON.stringify(problems));
  fleet = await LiveFleet.of(planFleet(config));
  writeFileSync(file("outputs.json"), JSON.stringify(fleet.outputs()));
  server = await ApiServer.start((asked) => {
    const reply = instead(asked);
    return reply === "as planned" ? fleet.answer(asked) : reply;
  });
  writeFileSync(file("kubeconfig"), server.kubeconfig(["us", "eu"]));
  vi.stubEnv("KUBECONFIG", file("kubeconfig"));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await server.close();
  rmSync(folder, { recursive: true });
});

const file = (name: string) => join(folder, name);
const options = () => ({ config: file("stack.yaml"), outputs: file("outputs.json") });

async function verify(): Promise<Result[]> {
  const { plan, outputs, clusters } = await openFleet(options());
  return judge(await readFleet(plan, outputs, clusters));
}

const said = (results: readonly Result[]) =>
  results.flatMap(({ subject, findings }) =>
    findings.map(({ severity, message }) => `${severity} ${subject}: ${message}`),
  );

/** Changes one object of a cluster for as long as `work` takes. */
async function with_(
  cluster: string,
  collection: string,
  name: string,
  change: (object: Stored) => Stored | undefined,
  work: () => Promise<void>,
): Promise<void> {
  const objects = fleet.objects.get(cluster) ?? [];
  const at = objects.findIndex((one) => one.collection === collection && one.metadata.name === name);
  const [before] = objects.slice(at, at + 1);
  if (!before) throw new Error(`${cluster} has no ${collection}/${name}`);
  const after = change(before);
  objects.splice(at, 1, ...(after ? [after] : []));
  try {
    await work();
  } finally {
    objects.splice(at, after ? 1 : 0, before);
  }
}

/** For what is left, for its probes, and for some callers. */
function routesOf(cluster: string): string[] {
  const routes = fleet.objects
    .get(cluster)
    ?.filter(({ collection }) => collection.endsWith("v1beta3/httproutes"));
  return routes?.map(({ metadata }) => metadata.name) ?? [];
}

describe("a fleet whose clusters were adopted", () => {
  // `linkerd install` makes the issuer's Secret of no type of its own, and a Secret's type never changes.
  it("is well with an issuer of the type Opaque, whose end is watched", () =>
    with_(
      "us",
      "/api/v1/secrets",
      "linkerd-identity-issuer",
      (issuer) => ({ ...issuer, type: "Opaque" }),
      async () => {
        expect(said(await verify())).toEqual([]);
        const { plan, outputs, clusters } = await openFleet(options());
        const { members } = await readFleet(plan, outputs, clusters);
        const { items } = expiring({ plan, outputs }, members);
        const issuers = items.filter(({ kind }) => kind === "issuer").map(({ cluster }) => cluster);
        expect(issuers.sort()).toEqual(["eu", "us"]);
      },
    ));
});

describe("a fleet whose Helm releases lack the empty lists of their values", () => {
  it("is well: some versions of the provider drop them", () =>
    with_(
      "us",
      "/api/v1/secrets",
      "sh.helm.release.v1.linkerd-multicluster.v1",
      (secret) => {
        const { release } = z.object({ release: z.string() }).parse(secret.data);
        const packed = Buffer.from(Buffer.from(release, "base64").toString(), "base64");
        const content = JSON.parse(gunzipSync(packed).toString());
        expect(content.config.gateway.loadBalancerSourceRanges).toEqual([]);
        delete content.config.gateway.loadBalancerSourceRanges;
        const again = Buffer.from(gzipSync(JSON.stringify(content)).toString("base64")).toString("base64");
        return { ...secret, data: { release: again } };
      },
      async () => expect(said(await verify())).toEqual([]),
    ));
});

describe("a fleet whose service mirrors are at work", () => {
  it("is well in every respect", async () => {
    const results = await verify();
    expect(said(results)).toEqual([]);
    const asked = new Set(results.map(({ check }) => check));
    // This fleet has nothing that these are about.
    expect(CHECKS.map(({ name }) => name).filter((name) => !asked.has(name))).toEqual([
      "namespaces and restarts are as planned",
      "requests are divided as planned",
      "metrics, alerts and dashboards are as planned",
    ]);
  });

  it("is not, when one of them left its Lease to run out", () =>
    with_(
      "us",
      "/apis/coordination.k8s.io/v1/leases",
      "service-mirror-write-eu",
      (lease) => ({ ...lease, spec: { leaseDurationSeconds: 30, renewTime: "2026-01-01T00:00:00Z" } }),
      async () => {
        expect(said(await verify())).toEqual(["error us → eu: it gave no sign since 2026-01-01T00:00:00Z"]);
      },
    ));

  // Its service mirror was restarted meanwhile: a real one then keeps the address (linkerd2
  // `cluster_watcher.go:241`).
  it("is not, when a gateway has no pod although its mirror services have its address", () =>
    with_(
      "eu",
      "/apis/apps/v1/deployments",
      "linkerd-gateway",
      (gateway) => ({ ...gateway, status: { availableReplicas: 0 } }),
      async () => {
        expect(said(await verify())).toEqual([
          "error eu: 0 of 1 pods of the Deployment linkerd-gateway are available",
          expect.stringMatching(
            /^error us → eu: no pod of the gateway of eu is available, although mirror services/,
          ),
        ]);
      },
    ));

  it("is not, when a link's credentials expect the certificate of another name", () =>
    with_(
      "us",
      "/api/v1/secrets",
      "cluster-credentials-eu",
      (secret) => {
        const { kubeconfig } = z.object({ kubeconfig: z.string() }).parse(secret.data);
        const config = JSON.parse(Buffer.from(kubeconfig, "base64").toString("utf8"));
        config.clusters[0].cluster["tls-server-name"] = "other.example.com";
        return { ...secret, data: { kubeconfig: Buffer.from(JSON.stringify(config)).toString("base64") } };
      },
      async () => {
        expect(said(await verify())).toEqual([
          expect.stringMatching(/^error us → eu: .* expects a certificate for other\.example\.com$/),
        ]);
      },
    ));

  it("is not, when a mirror belongs to a service that its target does not declare", () =>
    with_(
      "us",
      "/api/v1/services",
      "reports-eu",
      (mirror) => ({ ...mirror, metadata: { ...mirror.metadata, name: "secrets-eu" } }),
      async () => {
        expect(said(await verify())).toEqual([
          "error us: the Service bi/secrets-eu mirrors a service that eu does not declare",
        ]);
      },
    ));

  it("is not, when somebody's route, or policy for a route, decides who may call", () => {
    const [, probes] = routesOf("us");
    const stray = (spec: object) => (own: Stored) => ({
      ...own,
      metadata: { ...own.metadata, name: "own" },
      spec,
    });
    return with_(
      "us",
      "/apis/policy.linkerd.io/v1alpha1/authorizationpolicies",
      `${probes}.probes`,
      stray({ targetRef: { kind: "HTTPRoute", name: probes }, requiredAuthenticationRefs: [] }),
      () =>
        with_(
          "us",
          "/apis/policy.linkerd.io/v1beta3/httproutes",
          `${probes}`,
          stray({
            parentRefs: [{ group: "policy.linkerd.io", kind: "Server", name: "fleet.checkout.http" }],
            rules: [{ matches: [{ path: { type: "Exact", value: "/ready" } }] }],
          }),
          async () => {
            const [policy, route, effect, ...more] = said(await verify());
            expect(more).toEqual([]);
            expect(policy).toBe(
              `error shop/checkout in us: the AuthorizationPolicy ${probes}.probes is missing`,
            );
            expect(route).toBe(`error shop/checkout in us: the HTTPRoute ${probes} is missing`);
            expect(effect).toMatch(/port http keeps out .*\(GET \/ready\): .*HTTPRoute shop\/own/);
          },
        ),
    );
  });

  it("is not, when a federated service has a member that nobody declared", () =>
    with_(
      "us",
      "/api/v1/services",
      "reports-eu",
      (mirror) => ({
        ...mirror,
        metadata: {
          name: "checkout-federated",
          namespace: "shop",
          labels: { "mirror.linkerd.io/mirrored-service": "true" },
          annotations: { "multicluster.linkerd.io/remote-discovery": "checkout@eu,cart@eu" },
        },
      }),
      async () => {
        expect(said(await verify())).toEqual([
          "error us: the Service shop/checkout-federated has members that are not declared: cart@eu",
        ]);
      },
    ));
});

describe("a Gateway API from a file of the project", () => {
  async function findings(version: string): Promise<string[]> {
    const { plan, outputs, clusters } = await openFleet(options());
    const gatewayApi = { version: "1.2.1", file: "./gateway-api" };
    const pinned = plan.clusters.map((one) =>
      one.name === "us" ? { ...one, install: { ...one.install, gatewayApi } } : one,
    );
    const annotations = { "gateway.networking.k8s.io/bundle-version": version };
    instead = ({ path }) =>
      path.includes("/customresourcedefinitions/")
        ? { body: { metadata: { name: "httproutes.gateway.networking.k8s.io", annotations } } }
        : "as planned";
    const results = judge(await readFleet({ ...plan, clusters: pinned }, outputs, clusters));
    instead = () => "as planned";
    return said(results).filter((line) => line.includes("Gateway API"));
  }

  it("is told where the cluster has another version", async () => {
    expect(await findings("v1.1.1")).toEqual([
      "error us: it has version 1.1.1 of the Gateway API instead of 1.2.1",
    ]);
    expect(await findings("v1.2.1")).toEqual([]);
  });
});

describe("what could not be read", () => {
  it("is not known where it is denied, and says what could not be read", async () => {
    instead = ({ path }) =>
      path.startsWith("/us/api/v1/namespaces/linkerd/secrets")
        ? { status: 403, body: { message: "secrets is forbidden" } }
        : "as planned";
    const results = await verify();
    instead = () => "as planned";
    expect(new Set(said(results).map((line) => line.replace(/ .*: you/, " you")))).toEqual(
      new Set(["unknown you may not read this: secrets is forbidden"]),
    );
    expect(worst(results.map(({ outcome }) => outcome))).toBe("unknown");
  });

  it("says which destination controllers may have lost a cluster that does not answer", async () => {
    const objects = fleet.objects.get("us") ?? [];
    objects.push({
      collection: "/api/v1/pods",
      metadata: {
        ...{ name: "linkerd-destination-x", namespace: "linkerd" },
        labels: { "linkerd.io/control-plane-component": "destination" },
      },
      spec: { containers: [] },
      status: { phase: "Running", startTime: "2026-11-01T00:00:00Z" },
    });
    try {
      const { plan, outputs, clusters } = await openFleet(options());
      const away = { state: "failed", why: "unreachable", message: "no answer" } as const;
      const eu = clusters.get("eu");
      if (!eu) throw new Error("no eu");
      const dead = { ...eu, get: async () => away, list: async () => away, rulesOf: async () => away };
      const results = judge(await readFleet(plan, outputs, new Map([...clusters, ["eu", dead]])));
      const warned = said(results).filter((line) => line.startsWith("warning"));
      expect(warned).toEqual([
        expect.stringMatching(
          /^warning us → eu: a destination controller .* \(.*linkerd-destination-x started at 2026-11-01T00:00:00Z\)$/,
        ),
      ]);
      expect(said(results).filter((line) => line.startsWith("error"))).toEqual(["error eu: no answer"]);
    } finally {
      objects.pop();
    }
    expect(said(await verify())).toEqual([]);
  });

  it("is one failure where a cluster does not answer; the other's own checks go on", async () => {
    instead = ({ path }) =>
      path.startsWith("/eu/") ? { status: 500, body: { message: "etcd is gone" } } : "as planned";
    const results = await verify();
    instead = () => "as planned";
    expect(said(results).filter((line) => line.startsWith("error"))).toEqual(["error eu: etcd is gone"]);
    const ofUs = results.filter(({ subject }) => subject === "us").map(({ outcome }) => outcome);
    expect(new Set(ofUs)).toEqual(new Set(["ok"]));
  });
});

describe("the program", () => {
  /** Each run is a process of its own, on a machine that may be busy. */
  const SLOW = { timeout: 120_000 };
  interface Ended {
    readonly code: number;
    readonly stdout: string;
    readonly stderr: string;
  }
  const run = (...args: string[]) =>
    new Promise<Ended>((resolve) => {
      const program = ["ops/fleet.cjs", "verify", ...args];
      execFile(
        process.execPath,
        program,
        { env: { ...process.env, KUBECONFIG: file("kubeconfig") } },
        (error, stdout, stderr) =>
          resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr }),
      );
    });
  const of = () => ["--config", file("stack.yaml"), "--outputs", file("outputs.json")];

  it(
    "needs no Pulumi where it is given the outputs, and ends with the worst of its findings",
    SLOW,
    async () => {
      const well = await run(...of());
      expect(well).toMatchObject({ code: 0, stderr: "" });
      expect(well.stdout).toMatch(/\d+ ok, 0 failed, 0 warnings, 0 not known; 2 clusters, 2 links in/);
      await with_(
        "eu",
        "/api/v1/serviceaccounts",
        "linkerd-service-mirror-remote-access-us",
        () => undefined,
        async () => {
          const ill = await run(...of(), "--json");
          expect(ill.code).toBe(2);
          const { results } = JSON.parse(ill.stdout) as { results: Result[] };
          expect(said(results)).toEqual([
            "error us → eu: the ServiceAccount linkerd-service-mirror-remote-access-us of eu is missing",
          ]);
        },
      );
    },
  );

  it("says in words why it cannot begin", SLOW, async () => {
    const missing = await run("--config", file("none.yaml"), "--outputs", file("outputs.json"));
    expect(missing).toEqual({
      code: 3,
      stdout: "",
      stderr: expect.stringContaining("name it with --config"),
    });
  });
});

describe("what is printed", () => {
  const finding = { message: "it is <broken>", remedy: "mend it", runbook: "restore" } as const;
  const results: Result[] = [
    { check: "a & b", subject: "us", outcome: "ok", findings: [] },
    { check: "a & b", subject: "eu", outcome: "error", findings: [{ severity: "error", ...finding }] },
    ...["x", "y"].map((subject): Result => {
      const unknown = { severity: "unknown", ...finding, message: "nobody knows" } as const;
      return { check: "c", subject, outcome: "unknown", findings: [unknown] };
    }),
  ];

  it("names every failure with its remedy and its runbook, and one reason not to know once", () => {
    const lines = table(results, "the end").split("\n");
    expect(lines.slice(-5)).toEqual([
      "failed: eu: it is <broken>",
      "    → mend it (docs/runbooks/restore.md)",
      "not known: x, y: nobody knows",
      "    → mend it (docs/runbooks/restore.md)",
      "the end",
    ]);
  });

  it("for CI is one case for each cluster, link or service", () => {
    expect(junit(results)).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="a &amp; b" tests="2" failures="1" skipped="0">
    <testcase name="us" classname="a &amp; b"></testcase>
    <testcase name="eu" classname="a &amp; b"><failure message="it is &lt;broken&gt;">it is &lt;broken&gt;
→ mend it</failure></testcase>
  </testsuite>
  <testsuite name="c" tests="2" failures="0" skipped="2">
    <testcase name="x" classname="c"><skipped message="nobody knows"/></testcase>
    <testcase name="y" classname="c"><skipped message="nobody knows"/></testcase>
  </testsuite>
</testsuites>
`);
  });
});

describe("what expires", () => {
  it("is listed soonest first, with the names that the alert rules use", async () => {
    const { plan, outputs, clusters } = await openFleet(options());
    const { members } = await readFleet(plan, outputs, clusters);
    const { items, unread } = expiring({ plan, outputs }, members);
    expect(unread).toEqual([]);
    expect(items).toHaveLength(1 + 2 * (1 + 3 + 1));
    expect(items.map(({ ends }) => ends)).toEqual(items.map(({ ends }) => ends).sort((a, b) => +a - +b));
    const ends = new Date("2027-01-01T00:00:00Z");
    const item = {
      kind: "issuer",
      cluster: "us",
      name: "linkerd-identity-issuer",
      ends,
      renewal: "",
    } as const;
    expect(prometheus([item]).split("\n").slice(1)).toEqual([
      "# TYPE linkerd_fleet_expiry_timestamp_seconds gauge",
      'linkerd_fleet_expiry_timestamp_seconds{kind="issuer",cluster="us",name="linkerd-identity-issuer"} 1798761600',
      "",
    ]);
  });
});

describe("the gateways", () => {
  const reports = ["us", "/api/v1/endpoints", "reports-eu"] as const;
  const seen = async () => {
    const { plan, outputs, clusters } = await openFleet(options());
    const { members } = await readFleet(plan, outputs, clusters);
    return linkedGateways(plan, members).map(({ source, target, address, alive, services }) => [
      `${source} → ${target}`,
      ...[address, alive, services.join()],
    ]);
  };

  it("are known to be alive by the services that go through them, else it is not known", async () => {
    expect(await seen()).toEqual([
      ["eu → us", "198.51.100.1:4143", true, "bi/reports"],
      ["us → eu", "198.51.100.1:4143", true, "bi/reports"],
    ]);
    const dead = (mirror: Stored) => ({ ...mirror, subsets: [{ notReadyAddresses: [{}] }] });
    await with_(...reports, dead, async () => expect((await seen())[1]?.[2]).toBe(false));
    await with_(
      ...reports,
      () => undefined,
      async () => expect((await seen())[1]?.[2]).toBeUndefined(),
    );
  });
});

it("differences are named by their paths, and what is absent is as good as undefined", () => {
  const planned = { a: 1, b: { c: [1, 2], d: undefined } };
  expect(differences(planned, { a: 1, b: { c: [1, 2] } })).toEqual([]);
  expect(differences(planned, { a: 2, b: { c: [1, 3] }, e: 1 })).toEqual(["a", "b.c[1]", "e"]);
  expect(differences(planned, { a: 1, b: { c: [1] } })).toEqual(["b.c"]);
});

it("rights are compared one by one, besides those that everybody has", () => {
  const pods = { apiGroups: [""], resources: ["pods"], verbs: ["get", "list"] };
  const self = {
    apiGroups: ["authorization.k8s.io"],
    resources: ["selfsubjectrulesreviews"],
    verbs: ["create"],
  };
  expect(
    compareRights([pods], [self, { ...pods, verbs: ["list"] }, { ...pods, verbs: ["get"] }]),
  ).toBeUndefined();
  expect(compareRights([pods], [{ ...pods, resources: ["*"] }])).toBe(
    "may also get *, list *; may not get pods, list pods",
  );
});

it("every runbook that a finding may name exists", () => {
  const text = readdirSync("ops/verify", { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => readFileSync(join("ops/verify", name), "utf8"))
    .join("\n");
  const named = [...text.matchAll(/runbook: "([\w-]+)"/g)].map(([, name]) => `${name}.md`);
  expect(new Set(named).size).toBeGreaterThan(3);
  expect(readdirSync("docs/runbooks")).toEqual(expect.arrayContaining([...new Set(named)]));
});
