import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { bodyOf, disguises } from "../../testing/disguises";
import { LoneProject } from "../../testing/loneProject";

/** The first makes the trust anchor and has no cluster. */
const STACKS = ["trust", "prod-us", "prod-eu"];
const CLUSTERS = { us: "prod-us", eu: "prod-eu" };

let project: LoneProject;
/** Everything in them, decrypted. */
const states = new Map<string, string>();
const outputs = new Map<string, string>();
const said = new Map<string, string>();

beforeAll(async () => {
  project = await LoneProject.create();
  project.nameClusters(Object.keys(CLUSTERS));
  const file = join(project.folder, "fleet.yaml");
  const clusters = Object.entries(CLUSTERS).map(([name, stack]) => [
    name,
    { stack, context: name, network: "lab", apiServer: `https://${name}.example.com` },
  ]);
  writeFileSync(
    file,
    stringify({
      linkerd: { version: "2026.8.3", source: project.tools.charts },
      trust: { stack: "trust", anchors: [{ id: "2026", state: "active" }] },
      clusters: Object.fromEntries(clusters),
      topology: { kind: "mesh" },
    }),
  );
  for (const stack of STACKS) {
    const config = { config: { "linkerd-fleet:fleet": file } };
    writeFileSync(join(project.folder, `Pulumi.${stack}.yaml`), stringify(config));
    await project.must("stack", "init", stack);
    // No cluster answers: what is in a cluster fails, and what is signed does not.
    const ran = await project.pulumi(
      "up",
      "--yes",
      "--skip-preview",
      "--continue-on-error",
      "--stack",
      stack,
    );
    said.set(stack, ran.stdout + ran.stderr);
    states.set(stack, (await project.must("stack", "export", "--show-secrets", "--stack", stack)).stdout);
    const shown = await project.must("stack", "output", "--json", "--show-secrets", "--stack", stack);
    outputs.set(stack, shown.stdout);
  }
}, 600_000);
afterAll(() => project?.remove());

/** The private keys in the state of a stack, by the name of their resource. */
function keysIn(stack: string): Map<string, string> {
  const { deployment } = JSON.parse(states.get(stack) ?? "");
  const keys = (deployment.resources as { urn: string; type: string; outputs?: Record<string, unknown> }[])
    .filter(({ type }) => type === "tls:index/privateKey:PrivateKey")
    .map(({ urn, outputs }) => {
      const { plaintext } = Object(outputs?.privateKeyPem);
      return [urn.split("::").at(-1) ?? "", String(JSON.parse(plaintext))] as const;
    });
  return new Map(keys);
}

/** The stacks among them whose text has the line of a PEM that no other key shares, as it is or in base64. */
function holders(texts: ReadonlyMap<string, string>, pem = ""): string[] {
  const line = bodyOf(pem);
  expect(line.length).toBeGreaterThan(30);
  return [...texts].filter(([, text]) => disguises(line).some((one) => text.includes(one))).map(([of]) => of);
}

describe("the root key of a fleet of several stacks", () => {
  it("is in the state of the stack that owns the anchors, in no other, and in no output", () => {
    const root = keysIn("trust").get("trust-2026-key");
    expect(holders(states, root), [...said.values()].join("\n")).toEqual(["trust"]);
    expect(holders(outputs, root)).toEqual([]);
    expect(holders(said, root)).toEqual([]);
  });

  it("signs the issuers of all clusters there; the others have them from its secret output", () => {
    const keys = keysIn("trust");
    expect([...keys.keys()].sort()).toEqual(["eu-issuer-key", "trust-2026-key", "us-issuer-key"]);
    for (const cluster of Object.keys(CLUSTERS)) {
      expect(holders(outputs, keys.get(`${cluster}-issuer-key`))).toEqual(["trust"]);
      expect(holders(said, keys.get(`${cluster}-issuer-key`))).toEqual([]);
    }
    for (const [cluster, stack] of Object.entries(CLUSTERS)) {
      const own = [...keysIn(stack).keys()];
      expect(own).toContain(`${cluster}-linkerd-webhooks-key`);
      expect(own).not.toContain(`${cluster}-issuer-key`);
    }
  });

  it("is not lent to a stack whose cluster is new: that one says whom it waits for, and changes nothing", async () => {
    const file = join(project.folder, "fleet.yaml");
    const fleet = parse(readFileSync(file, "utf8"));
    fleet.clusters.mx = { ...fleet.clusters.us, context: "mx", apiServer: "https://mx.example.com" };
    writeFileSync(file, stringify(fleet));
    const ran = await project.pulumi("preview", "--stack", "prod-us");
    expect(ran.code).not.toBe(0);
    expect(ran.stdout + ran.stderr).toContain(
      "The issuer of mx is not signed yet: run `pulumi up` in the stack trust (trust.stack) first",
    );
    await project.must("up", "--yes", "--skip-preview", "--stack", "trust");
    const after = await project.pulumi("preview", "--stack", "prod-us");
    expect(after.stdout + after.stderr).not.toContain("is not signed yet");
  });
});
