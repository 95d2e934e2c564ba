import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { stringify } from "yaml";
import { type Ran, run } from "../../lab/run";
import { installPackage } from "../../testing/foreignProgram";
import { TestLab } from "./harness";

/** A program of somebody else, with the package, on the API servers of a lab. */

let lab: TestLab;
let folder: string;
let command: string;

/** The clusters come with kubeconfigs of their own, each of which opens one of them, and with addresses as outputs. */
const program = (charts: string, apiServers: Record<string, string>) => `
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { Fleet } from "linkerd-fleet";
import { parse } from "yaml";

const all = parse(readFileSync(process.env.KUBECONFIG ?? "", "utf8"));
const kubeconfigOf = (name: string) => {
  const [context] = all.contexts.filter((one: { name: string }) => one.name === name);
  return pulumi.secret(JSON.stringify({ ...all, contexts: [{ ...context, name: "admin" }], "current-context": "admin" }));
};
const apiServers = ${JSON.stringify(apiServers)};
const made = new Fleet("mesh", {
  kubeconfigs: { us: kubeconfigOf("us"), eu: kubeconfigOf("eu") },
  config: {
    linkerd: { version: "2026.8.3", source: ${JSON.stringify(charts)} },
    trust: { anchors: [{ id: "2026", state: "active" }] },
    clusters: {
      us: { apiServer: pulumi.output(apiServers.us), network: "lab", podNetworks: ["10.1.0.0/16"] },
      eu: { apiServer: pulumi.output(apiServers.eu), network: "lab", podNetworks: ["10.2.0.0/16"] },
    },
    services: [{
      name: "checkout", namespace: "shop", mode: "federated", in: ["us", "eu"], ports: ["http"],
      allow: [{ serviceAccount: "web", namespace: "shop" }],
    }],
  },
});
export const mesh = made.outputs;
`;

beforeAll(async () => {
  lab = await TestLab.pair();
  await lab.start();
  folder = join(lab.folder, "acme");
  mkdirSync(folder);
  command = join(installPackage(folder), "dist", "ops", "fleet.cjs");
  const [us, eu] = [lab.apiServer(0), lab.apiServer(1)];
  writeFileSync(join(folder, "index.ts"), program(join(lab.lab.root, "charts"), { us, eu }));
  writeFileSync(join(folder, "Pulumi.yaml"), stringify({ name: "acme", runtime: "nodejs" }));
  const compilerOptions = { target: "es2022", module: "nodenext", strict: true };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["index.ts"] }));
  await must("stack", "init", "dev");
});
afterAll(() => lab?.remove());

function start(program: string, ...args: string[]): Promise<Ran> {
  return run(program, args, { cwd: folder, env: lab.env() });
}

async function must(...args: string[]): Promise<string> {
  const ran = await start(lab.tools.bin.pulumi, ...args, "--non-interactive", "--color=never");
  if (ran.code !== 0) throw new Error(ran.stdout + ran.stderr);
  return ran.stdout;
}

it("comes up in one run on real API servers, and a second preview has no changes", async () => {
  await must("up", "--yes", "--skip-preview");
  await must("preview", "--expect-no-changes");
  const at = ["-n", "linkerd-multicluster", "-o", "jsonpath={.spec.targetClusterName}"];
  expect(await lab.kubectl("us", "get", "link", "eu", ...at)).toBe("eu");
  expect(await lab.kubectl("eu", "get", "link", "us", ...at)).toBe("us");
});

it("is verified by the command of the package, from the outputs and the caller's own contexts", async () => {
  const verified = await start(process.execPath, command, "verify");
  expect(verified.code, verified.stdout + verified.stderr).toBe(0);
  await lab.kubectl("us", "-n", "linkerd-multicluster", "delete", "link", "eu");
  const spoilt = await start(process.execPath, command, "verify");
  expect(spoilt.code).not.toBe(0);
  expect(spoilt.stdout).toContain("us → eu");
});
