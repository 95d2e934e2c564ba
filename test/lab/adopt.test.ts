import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { splitBundle } from "../../fleet/trust/bundle";
import { chainsTo } from "../../fleet/trust/certificates";
import { selfSigned } from "../../testing/certificates";
import { installByHelm, installByKubectl, linkByCli } from "./existing";
import { type StackConfig, TestLab } from "./harness";
import { follow, readRunbook } from "./runbook";

const CLUSTERS = ["us", "eu"] as const;
const anchor = selfSigned({ curve: "P-256" });
/** `linkerd install` makes one certificate that is anchor and issuer; whoever uses Helm brings two. */
const issuers = { us: selfSigned({ curve: "P-256" }, { signer: anchor }), eu: anchor };

let lab: TestLab;
/** Of what was there before, by cluster: uid of each object that must never be deleted. */
let before: Record<string, string>;

const steps = readRunbook("adopt-a-cluster");
/** Follows the runbook's blocks up to and with the first that contains `text`. */
async function followTo(text: string): Promise<string> {
  for (let step = steps.shift(); step; step = steps.shift()) {
    const ran = await follow(lab, step);
    if (ran.code !== 0) {
      steps.length = 0;
      throw new Error(`${step.text}\n${ran.stdout}\n${ran.stderr}`);
    }
    if (step.text.includes(text)) return ran.stdout;
  }
  throw new Error(`the runbook has no further block with ${text}`);
}

const KEPT = [
  "namespace/linkerd",
  "namespace/linkerd-multicluster",
  "crd/links.multicluster.linkerd.io",
  "crd/servers.policy.linkerd.io",
  "-n=linkerd configmap/linkerd-identity-trust-roots",
  "-n=linkerd secret/linkerd-identity-issuer",
  "-n=linkerd secret/linkerd-proxy-injector-k8s-tls",
  "-n=linkerd deployment/linkerd-identity",
  "-n=linkerd-multicluster deployment/linkerd-gateway",
  "-n=linkerd-multicluster service/linkerd-gateway",
];

async function identities(): Promise<Record<string, string>> {
  const found = CLUSTERS.flatMap((cluster) => {
    const [other] = CLUSTERS.filter((name) => name !== cluster);
    const ofLink = [
      `-n=linkerd-multicluster link/${other}`,
      `-n=linkerd-multicluster secret/cluster-credentials-${other}`,
      `-n=linkerd secret/cluster-credentials-${other}`,
    ];
    return [...KEPT, ...ofLink].map(async (object) => {
      const metadata = "{.metadata.uid} {.metadata.creationTimestamp}";
      const read = await lab.kubectl(cluster, "get", ...object.split(" "), `-o=jsonpath=${metadata}`);
      return [`${cluster}: ${object}`, read] as const;
    });
  });
  return Object.fromEntries(await Promise.all(found));
}

async function read(cluster: string, object: string, path: string): Promise<string> {
  return lab.kubectl(cluster, "get", object, "-n=linkerd", `-o=jsonpath={${path}}`);
}

/** The trust bundle and the issuer as the cluster holds them, and whether all trust all. */
async function trust(): Promise<{ bundle: string[]; issuers: X509Certificate[] }> {
  const bundles = await Promise.all(
    CLUSTERS.map((cluster) =>
      read(cluster, "configmap/linkerd-identity-trust-roots", ".data.ca-bundle\\.crt"),
    ),
  );
  const certificates = await Promise.all(
    CLUSTERS.map((cluster) => read(cluster, "secret/linkerd-identity-issuer", ".data.tls\\.crt")),
  );
  const current = certificates.map((base64) => new X509Certificate(Buffer.from(base64, "base64")));
  for (const bundle of bundles) {
    const anchors = splitBundle(bundle).map((pem) => new X509Certificate(pem));
    for (const issuer of current) expect(anchors.some((authority) => chainsTo(issuer, authority))).toBe(true);
  }
  expect(new Set(bundles).size).toBe(1);
  return { bundle: splitBundle(bundles[0] ?? ""), issuers: current };
}

beforeAll(async () => {
  lab = await TestLab.create({ us: {}, eu: {} });
  await lab.start();
  await Promise.all([
    installByHelm(lab, "us", { anchor, issuer: issuers.us, target: "eu" }),
    installByKubectl(lab, "eu", { anchor, issuer: issuers.eu, target: "us" }),
  ]);
  await Promise.all([linkByCli(lab, "us", "eu"), linkByCli(lab, "eu", "us")]);
  before = await identities();
});
afterAll(() => lab?.remove());

describe("the runbook adopt-a-cluster, step by step", () => {
  it("reads anchors, issuers, releases and tokens, and no key", async () => {
    const printed = await followTo("npx fleet adopt");
    const found = parse(printed) as StackConfig;
    expect(found).toEqual({
      "linkerd-fleet:trust": {
        anchors: [{ id: "existing-us", state: "retiring", certificate: anchor.pem }],
      },
      "linkerd-fleet:clusters": {
        us: {
          adopt: true,
          issuer: { certificate: issuers.us.pem, privateKey: { secret: "issuer-us" } },
          chartAccesses: ["linkerd-service-mirror-remote-access-default"],
        },
        eu: {
          adopt: { releases: [] },
          issuer: { certificate: issuers.eu.pem, privateKey: { secret: "issuer-eu" } },
          chartAccesses: ["linkerd-service-mirror-remote-access-default"],
        },
      },
    });
    expect(printed).not.toContain("PRIVATE KEY");
    expect(readFileSync(join(lab.lab.project, "existing.yaml"), "utf8")).toBe(printed);
    lab.edit((config) => {
      const trusted = config["linkerd-fleet:trust"] as { anchors: unknown[] };
      trusted.anchors.push(...(found["linkerd-fleet:trust"] as { anchors: unknown[] }).anchors);
      for (const cluster of CLUSTERS) {
        Object.assign(
          config["linkerd-fleet:clusters"][cluster] ?? {},
          found["linkerd-fleet:clusters"][cluster],
        );
      }
    });
  });

  it("adopts: both anchors everywhere, the issuers as they were, nothing made anew", async () => {
    await followTo("pulumi up");
    const { bundle, issuers: current } = await trust();
    expect(bundle).toHaveLength(2);
    expect(current.map(String)).toEqual(
      CLUSTERS.map((name) => String(new X509Certificate(issuers[name].pem))),
    );
    expect(await identities()).toEqual(before);
    const releases = await lab.shell(
      "for c in us eu; do helm list --all-namespaces --short --kube-context $c; done",
    );
    expect(releases.stdout.trim().split("\n").sort()).toEqual(
      ["linkerd-control-plane", "linkerd-crds", "linkerd-multicluster"].flatMap((name) => [name, name]),
    );
  });

  it("gives the Links our spec and credentials", async () => {
    const link = JSON.parse(await lab.kubectl("us", "get", "link/eu", "-n=linkerd-multicluster", "-o=json"));
    expect(link.spec.excludedAnnotations).not.toEqual([]);
    expect(link.spec.probeSpec.timeout).toBe("5s");
    const credentials = await lab.kubectl(
      "us",
      "get",
      "secret/cluster-credentials-eu",
      "-n=linkerd",
      "-o=jsonpath={.data.kubeconfig}",
    );
    expect(Buffer.from(credentials, "base64").toString()).toContain(
      "linkerd-service-mirror-remote-access-us",
    );
  });

  it("is left alone once the stack owns it: `adopt` goes, and the preview is empty", async () => {
    await followTo("--expect-no-changes");
    expect(await identities()).toEqual(before);
  });

  it("takes the old tokens away", async () => {
    await followTo("pulumi up");
    const accounts = await lab.kubectl("us", "get", "serviceaccounts", "-n=linkerd-multicluster", "-o=name");
    expect(accounts).not.toContain("linkerd-service-mirror-remote-access-default");
    expect(accounts).toContain("linkerd-service-mirror-remote-access-eu");
  });

  it("moves the issuers to the new anchor, and leaves no old key behind", async () => {
    await followTo('key.pem": null');
    const { bundle, issuers: current } = await trust();
    expect(bundle).toHaveLength(2);
    for (const issuer of current) expect(chainsTo(issuer, new X509Certificate(anchor.pem))).toBe(false);
    const keys = await lab.kubectl(
      "us",
      "get",
      "secret/linkerd-identity-issuer",
      "-n=linkerd",
      "-o=go-template={{range $key, $_ := .data}}{{$key}} {{end}}",
    );
    expect(keys.trim()).toBe("ca.crt tls.crt tls.key");
  });

  it("retires the old anchor, and the preview is empty", async () => {
    await followTo("--expect-no-changes");
    const { bundle } = await trust();
    expect(bundle.map((pem) => pem === anchor.pem)).toEqual([false]);
    expect(steps).toEqual([]);
    expect(await identities()).toEqual(before);
  });
});
