import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { stringify } from "yaml";
import { repository } from "../../lab/env";
import type { Ran } from "../../lab/run";
import { selfSigned } from "../../testing/certificates";
import { TestLab } from "./harness";

const anchor = selfSigned({ curve: "P-256" });
const issuer = selfSigned({ curve: "P-256" }, { signer: anchor });
let lab: TestLab;
let first: Ran;

interface Certificate {
  spec: { secretName: string; issuerRef: { kind: string; name: string } };
}
interface Bundle {
  metadata: { name: string };
  spec: {
    sources: { inLine: string }[];
    target: { configMap: { key: string }; namespaceSelector: { matchLabels: Record<string, string> } };
  };
}

async function appear<T>(...object: string[]): Promise<T> {
  // kubectl finds a new kind only some time after it is established.
  const known = async () =>
    expect(await lab.kubectl("us", "api-resources", "-o=name")).toContain(object[0]?.split("/")[0]);
  await vi.waitFor(known, { timeout: 60_000, interval: 500 });
  await lab.kubectl("us", "wait", "--for=create", "--timeout=300s", ...object);
  return JSON.parse(await lab.kubectl("us", "get", "-o=json", ...object)) as T;
}

async function say(condition: string, ...object: string[]): Promise<void> {
  const status = { conditions: [{ type: condition, status: "True", reason: "Done", message: "" }] };
  await lab.kubectl(
    "us",
    "patch",
    ...object,
    "--subresource=status",
    "--type=merge",
    `--patch=${JSON.stringify({ status })}`,
  );
}

/** Does once what cert-manager and trust-manager do: makes what the fleet asks for, then says so. */
async function playManagers(): Promise<void> {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const [certificate, bundle] = await Promise.all([
    appear<Certificate>("certificate/linkerd-identity-issuer", "-n=linkerd"),
    appear<Bundle>("bundle/linkerd-identity-trust-roots"),
  ]);
  const objects = [
    {
      apiVersion: "v1",
      kind: "Secret",
      type: "kubernetes.io/tls",
      metadata: { name: certificate.spec.secretName, namespace: "linkerd" },
      data: { "tls.crt": base64(issuer.pem), "tls.key": base64(issuer.key), "ca.crt": base64(anchor.pem) },
    },
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: {
        name: bundle.metadata.name,
        namespace: bundle.spec.target.namespaceSelector.matchLabels["kubernetes.io/metadata.name"],
      },
      data: {
        [bundle.spec.target.configMap.key]: bundle.spec.sources.map(({ inLine }) => inLine).join("\n"),
      },
    },
  ];
  const file = join(lab.folder, "managed.yaml");
  writeFileSync(file, objects.map((object) => stringify(object)).join("---\n"));
  await lab.kubectl("us", "apply", "-f", file);
  await say("Ready", "certificate/linkerd-identity-issuer", "-n=linkerd");
  await say("Synced", "bundle/linkerd-identity-trust-roots");
  expect(certificate.spec.issuerRef).toMatchObject({ kind: "ClusterIssuer", name: "linkerd-2026" });
}

beforeAll(async () => {
  lab = await TestLab.create({ us: {} });
  lab.edit((config) => {
    config["linkerd-fleet:services"] = [];
    config["linkerd-fleet:trust"] = {
      provider: "cert-manager",
      anchors: [{ id: "2026", state: "active", certificate: anchor.pem, clusterIssuer: "linkerd-2026" }],
    };
  });
  await lab.start();
  const crds = join(repository, "test", "lab", "cert-manager.yaml");
  await lab.kubectl("us", "apply", "-f", crds);
  await lab.kubectl("us", "wait", "--for=condition=Established", "--timeout=60s", "-f", crds);
  [first] = await Promise.all([lab.pulumi("up", "--yes", "--skip-preview"), playManagers()]);
});
afterAll(() => lab?.remove());

describe("with trust.provider: cert-manager", () => {
  it("the control plane starts with the issuer and the bundle that the managers make", async () => {
    expect(first.code, first.stdout + first.stderr).toBe(0);
    const order = ["linkerd-identity-issuer", "linkerd-identity"].map((name, at) =>
      lab.kubectl(
        "us",
        "get",
        ["secret", "deployment"][at] ?? "",
        name,
        "-n=linkerd",
        "-o=jsonpath={.metadata.creationTimestamp}",
      ),
    );
    const [secret = "", deployment = ""] = await Promise.all(order);
    expect(Date.parse(deployment)).toBeGreaterThanOrEqual(Date.parse(secret));
    const config = await lab.kubectl(
      "us",
      "get",
      "configmap",
      "linkerd-config",
      "-n=linkerd",
      "-o=jsonpath={.data.values}",
    );
    expect(config).toContain("kubernetes.io/tls");
    expect(config).toContain("externalCA: true");
  });

  it("the state knows no key of an anchor or an issuer, not even encrypted", async () => {
    const state = JSON.parse((await lab.pulumi("stack", "export", "--show-secrets")).stdout) as {
      deployment: { resources: { type: string; urn: string; outputs?: object }[] };
    };
    const { resources } = state.deployment;
    expect(resources.map(({ type }) => type)).toContain("kubernetes:cert-manager.io/v1:Certificate");
    // Those of the webhooks are this program's.
    const holders = resources.filter((resource) => JSON.stringify(resource).includes("PRIVATE KEY"));
    expect(
      holders.filter(
        ({ urn }) => !/linkerd-(webhooks|proxy-injector|sp-validator|policy-validator)-/.test(urn),
      ),
    ).toEqual([]);
    const secrets = resources.filter(({ urn }) => urn.endsWith("us-linkerd-issuer"));
    expect(secrets).toEqual([]);
    const body = issuer.key.split("\n")[1] ?? "";
    expect(JSON.stringify(resources)).not.toContain(body);
  });

  it("leaves nothing to do", async () => {
    expect(await lab.preview()).toEqual([]);
  });
});
