import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ApiServer, type Asked } from "../../testing/apiServer";
import { LoneProject } from "../../testing/loneProject";

const asked: Asked[] = [];
let project: LoneProject;
let server: ApiServer;
beforeAll(async () => {
  project = await LoneProject.create();
  server = await ApiServer.start((question) => {
    asked.push(question);
    return undefined;
  });
  await project.must("stack", "init", "infra");
  writeState({ kubeconfig: server.kubeconfig(["us"]), endpoint: "https://us.example.com" });
  await project.must("stack", "import", "--stack", "infra", "--file", join(project.folder, "infra.json"));
});
afterAll(async () => {
  await server?.close();
  project?.remove();
});

/** A state with these outputs, as a deployment of the program that makes the clusters leaves it. */
function writeState(outputs: object): void {
  const urn = "urn:pulumi:infra::linkerd-fleet::pulumi:pulumi:Stack::linkerd-fleet-infra";
  const resources = [{ urn, custom: false, type: "pulumi:pulumi:Stack", outputs }];
  writeFileSync(
    join(project.folder, "infra.json"),
    JSON.stringify({ version: 3, deployment: { resources } }),
  );
}

async function preview(kubeconfig: object): Promise<{ code: number; output: string }> {
  await project.newStack({
    "linkerd-fleet:linkerd": { version: "2026.8.3", source: project.tools.charts },
    "linkerd-fleet:trust": { anchors: [{ id: "2026", state: "active" }] },
    "linkerd-fleet:clusters": {
      us: { context: "us", kubeconfig, apiServer: "https://us.example.com" },
    },
    "linkerd-fleet:observability": {
      prometheus: { namespace: "monitoring", serviceAccount: "prometheus" },
    },
  });
  const ran = await project.pulumi("preview");
  return { code: ran.code, output: ran.stdout + ran.stderr };
}

describe("a kubeconfig in another stack's output", () => {
  it("opens the cluster, and nothing quotes it", async () => {
    const { code, output } = await preview({ stack: "infra", output: "kubeconfig" });
    expect(code).not.toBe(0);
    expect(output).toContain("us has no PodMonitor, PrometheusRule");
    expect(asked.map(({ authorization }) => authorization)).toContain("Bearer admin-of-us");
    expect(output).not.toContain("admin-of-us");
  });

  it.each([
    [
      "has no such output",
      { stack: "infra", output: "kube" },
      "has no output kube; it has endpoint, kubeconfig",
    ],
    [
      "has something else there",
      { stack: "infra", output: "endpoint" },
      "the output endpoint of stack infra is no kubeconfig",
    ],
    [
      "is not there",
      { stack: "organization/linkerd-fleet/mars", output: "kubeconfig" },
      "there is no stack organization/linkerd-fleet/mars",
    ],
  ])("is told before the first resource where the stack %s", async (_, kubeconfig, words) => {
    const { code, output } = await preview(kubeconfig);
    expect(code).not.toBe(0);
    expect(output).toContain("clusters.us.kubeconfig");
    expect(output).toContain(words);
    expect(output).not.toMatch(/^\s+at .*\d+:\d+\)?$/m);
  });
});
