import { spawn } from "node:child_process";
import path from "node:path";
import { beforeAll } from "vitest";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { ensureToolchain } from "../lab/toolchain";

export type ChartName = "linkerd-crds" | "linkerd-control-plane" | "linkerd-multicluster" | "linkerd-viz";
export type Values = Record<string, unknown>;

const manifestSchema = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});
export type Manifest = z.infer<typeof manifestSchema>;

let helm: string;

/** Has `helm` there before the tests of a file. */
export function withHelm(): void {
  beforeAll(async () => {
    helm = (await ensureToolchain({ log: console.log })).bin.helm;
  }, 1_800_000);
}

/** Renders a chart offline; rejects with what helm says. */
export function render(chart: ChartName, values: Values): Promise<Manifest[]> {
  const folder = path.join(__dirname, "..", "lab", "charts", chart);
  const namespace = chart === "linkerd-multicluster" || chart === "linkerd-viz" ? chart : "linkerd";
  const args = [
    "template",
    chart,
    folder,
    "--namespace",
    namespace,
    "--kube-version",
    "1.36.0",
    "--values",
    "-",
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(helm, args);
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk) => (out += chunk));
    child.stderr.on("data", (chunk) => (err += chunk));
    child.on("error", reject);
    child.on("close", (code) => {
      if (code !== 0) return reject(new Error(err));
      const documents = parseAllDocuments(out).map((document) => document.toJS() ?? undefined);
      resolve(
        documents
          .filter((document) => document !== undefined)
          .map((document) => manifestSchema.parse(document)),
      );
    });
    child.stdin.end(JSON.stringify(values));
  });
}

export const named = ({ kind, metadata: { name } }: Manifest) => `${kind}/${name}`;

export function find(manifests: Manifest[], name: string): Manifest {
  const found = manifests.filter((manifest) => named(manifest) === name);
  if (found[0] === undefined || found.length > 1) throw new Error(`${found.length} objects are ${name}`);
  return found[0];
}

/** What stands at a path inside a manifest. */
export function at(value: unknown, ...keys: (string | number)[]): unknown {
  return keys.reduce<unknown>(
    (inner, key) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  );
}

export const template = (manifests: Manifest[], name: string) =>
  at(find(manifests, name), "spec", "template");

// What linkerd-fleet gives the control plane: every certificate comes from Secrets and ConfigMaps of its own.
export const ours = {
  identityTrustAnchorsPEM: "-----BEGIN CERTIFICATE-----\nroot\n-----END CERTIFICATE-----\n",
  identity: { externalCA: true, issuer: { scheme: "kubernetes.io/tls" } },
  proxyInjector: { externalSecret: true, caBundle: "bundle" },
  profileValidator: { externalSecret: true, caBundle: "bundle" },
  policyValidator: { externalSecret: true, caBundle: "bundle" },
  heartbeatSchedule: "1 2 * * *",
};
export const controlPlane = (more: Values = {}) => render("linkerd-control-plane", { ...ours, ...more });
export const multicluster = (more: Values = {}) => render("linkerd-multicluster", more);
export const link = (name: string, more: Values = {}) => ({ link: { ref: { name } }, ...more });
