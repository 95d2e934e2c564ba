import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { repository } from "../../lab/env";
import { LoneProject } from "../../testing/loneProject";

interface Sections {
  "linkerd-fleet:linkerd": Record<string, unknown>;
  "linkerd-fleet:clusters": Record<string, { context: string; gateway?: unknown }>;
  "linkerd-fleet:services": Record<string, unknown>[];
}

interface Profile {
  readonly resources?: { readonly rules: Readonly<Record<string, { readonly allowed?: string[] }>> };
}

let project: LoneProject;
beforeAll(async () => {
  project = await LoneProject.create();
});
afterAll(() => project?.remove());

/** A preview with the whole pack, of clusters that do not answer, and do not have to. */
async function preview(
  stackFile: string,
  profile: string,
  change: (sections: Sections) => void = () => {},
): Promise<{ code: number; output: string }> {
  const { config } = parse(readFileSync(join(repository, stackFile), "utf8")) as { config: Sections };
  change(config);
  // The provider loads each chart for a preview, and the repositories of the files cannot be reached from everywhere.
  config["linkerd-fleet:linkerd"].source = project.tools.charts;
  const contexts = Object.values(config["linkerd-fleet:clusters"]).map(({ context }) => context);
  project.nameClusters(contexts);
  await project.newStack(config);
  const pack = ["--policy-pack", join(repository, "policy", "run"), "--policy-pack-config", profile];
  const ran = await project.pulumi("preview", "--suppress-outputs", ...pack);
  return { code: ran.code, output: ran.stdout + ran.stderr };
}

function rulesOf(output: string, level: "advisory" | "mandatory"): string[] {
  const rules = [...output.matchAll(/\[(advisory|mandatory)\] \[severity: \w+\] +([\w-]+)/g)];
  return [...new Set(rules.flatMap(([, is, rule = ""]) => (is === level ? [rule] : [])))].sort();
}

/** A profile of the repository, or none, that takes charts from where these previews take them as well. */
function profile(name?: string): string {
  const shipped =
    name === undefined ? "{}" : readFileSync(join(repository, `policy/profiles/${name}.json`), "utf8");
  const { resources, ...rest } = JSON.parse(shipped) as Profile;
  const allowed = [...(resources?.rules["chart-source"]?.allowed ?? []), project.tools.charts];
  const rules = { ...resources?.rules, "chart-source": { ...resources?.rules["chart-source"], allowed } };
  const file = join(project.folder, "profile-with-charts.json");
  writeFileSync(file, JSON.stringify({ ...rest, resources: { ...resources, rules } }));
  return file;
}

describe("the whole pack on the real engine", () => {
  it("lets `dev` pass, and says what waits for `up`", async () => {
    const { code, output } = await preview("Pulumi.dev.yaml", profile());
    expect(code, output).toBe(0);
    expect(output).not.toContain("[mandatory]");
    expect(output).toMatch(/\[advisory\].*high-availability/);
    expect(output).toMatch(/\[advisory\].*waits-for-up/);
    expect(output).toContain("bundle-equal: ");
  });

  it("lets the production example pass with the production profile", async () => {
    const { code, output } = await preview("examples/three-regions.yaml", profile("prod"));
    expect(code, output).toBe(0);
    expect(output).toContain("linkerd-fleet@v");
    expect(output).not.toContain("[mandatory]");
    expect(rulesOf(output, "advisory")).toEqual(["waits-for-up"]);
  });

  it("refuses lines of a stack file by the rule's own name, one resource at a time and over the whole fleet", async () => {
    const { code, output } = await preview("examples/three-regions.yaml", profile("prod"), (sections) => {
      sections["linkerd-fleet:linkerd"].ha = false;
      for (const cluster of Object.values(sections["linkerd-fleet:clusters"]))
        cluster.gateway = { type: "loadBalancer" };
      for (const service of sections["linkerd-fleet:services"]) {
        if (service.name !== "customers") continue;
        // For named clusters, the program itself refuses what follows.
        Reflect.deleteProperty(service, "to");
        Object.assign(service, { allow: [], allowAnyMeshed: true });
      }
    });
    expect(code).not.toBe(0);
    expect(rulesOf(output, "mandatory")).toEqual([
      "gateway-identities",
      "gateway-networks",
      "high-availability",
      "no-any-identity",
    ]);
    expect(output).toContain("Set `linkerd.ha: true`.");
    expect(output).not.toMatch(/^\s+at .*\d+:\d+\)?$/m);
  });

  it("refuses a profile with an unknown rule before anything is judged", async () => {
    const file = join(project.folder, "profile.json");
    writeFileSync(
      file,
      JSON.stringify({ resources: { rules: { "high-avialability": { level: "mandatory" } } } }),
    );
    const { code, output } = await preview("Pulumi.dev.yaml", file);
    expect(code).not.toBe(0);
    expect(output).toMatch(/resources: rules:.*high-avialability/);
  });
});
