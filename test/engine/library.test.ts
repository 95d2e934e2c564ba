import { execFileSync } from "node:child_process";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { MemoryFleet, resourcesIn } from "../../bench/memory/fleet";
import { repository } from "../../lab/env";
import { parseOutputs } from "../../live/outputs";
import { installPackage } from "../../testing/foreignProgram";

/** A program of somebody else: the example, with the packed library and clusters in memory. */
let fleet: MemoryFleet;
let example: string;
let installed: string;
const STACK = "dev";

beforeAll(async () => {
  fleet = await MemoryFleet.create();
  cpSync(join(repository, "examples", "as-a-library"), fleet.folder, { recursive: true });
  example = readFileSync(join(fleet.folder, "index.ts"), "utf8");
  installed = installPackage(fleet.folder);
  await fleet.pulumi(STACK, ["stack", "init", STACK]);
});
afterAll(() => fleet?.remove());
beforeEach(() => write(example));

function write(program: string): void {
  writeFileSync(join(fleet.folder, "index.ts"), program);
}

/** With the end of the program that failed, if it did. */
async function run(...args: string[]): Promise<{ failed: boolean; said: string }> {
  return fleet.pulumi(STACK, args).then(
    ({ stdout }) => ({ failed: false, said: stdout }),
    (error: Error) => ({ failed: true, said: error.message }),
  );
}

const UP = ["up", "--yes", "--skip-preview", "--continue-on-error"];

async function outputs(): Promise<string> {
  return (await fleet.pulumi(STACK, ["stack", "output", "--json"])).stdout;
}

async function state(): Promise<string> {
  const { stdout } = await fleet.pulumi(STACK, ["stack", "export"]);
  return JSON.stringify({ checkpoint: { latest: JSON.parse(stdout).deployment } });
}

describe("the package", () => {
  it("has types, and they fit the example", () => {
    execFileSync("tsc", ["-p", fleet.folder], { cwd: fleet.folder, encoding: "utf8" });
  });

  // The folder of the test links all packages of this repository, those of its tests among them.
  it("asks for no package that it does not name", () => {
    const { dependencies, peerDependencies } = JSON.parse(
      readFileSync(join(installed, "package.json"), "utf8"),
    );
    const asked = ["library.js", "ops/cli.js"].flatMap((file) => {
      const text = readFileSync(join(installed, "dist", file), "utf8");
      const names = text.matchAll(/\brequire\("((?:@[^/"]+\/)?[^/"]+)[^"]*"\)/g);
      return [...names].map(([, name = ""]) => name);
    });
    const named = Object.keys({ ...dependencies, ...peerDependencies });
    expect(asked.length).toBeGreaterThan(10);
    expect([...new Set(asked)].filter((name) => !isBuiltin(name) && !named.includes(name))).toEqual([]);
  });
});

describe("the example", () => {
  it("previews clusters that are not there yet, and says what it could not look into", async () => {
    const { failed, said } = await run("preview");
    expect(failed, said).toBe(false);
    expect(said).toMatch(/kubernetes:multicluster.linkerd.io\/v1alpha3:Link +us-to-eu-link +create/);
    expect(said).toContain("The cluster us was not looked into: its kubeconfig is known only when");
    expect(said).not.toContain("not-known-yet");
  });

  it("comes up in one run, and a second one changes nothing", async () => {
    write(`${example}
      import * as random from "@pulumi/random";
      new random.RandomString("after", { length: 8 }, { dependsOn: [mesh] });
    `);
    const up = await run(...UP);
    expect(up.failed, up.said).toBe(false);
    const { resources } = JSON.parse(await state()).checkpoint.latest;
    const after = resources.find(({ urn }: { urn: string }) => urn.endsWith("::after"));
    expect(after.dependencies.join()).toContain("::us-to-eu-link");
    const again = await run("preview", "--expect-no-changes");
    expect(again.failed, again.said).toBe(false);
    expect(again.said).not.toContain("has no output");
  });

  it("leaves the outputs that the verbs read, the sections among them, and no kubeconfig", async () => {
    const text = await outputs();
    const { plan, links, config } = parseOutputs(text);
    expect(Object.keys(plan.clusters)).toEqual(["eu", "us"]);
    expect(plan.clusters.us?.apiServer).toMatch(/^https:\/\/\w{8}\.us\.example\.com$/);
    expect(links).toHaveLength(2);
    expect(config).toMatchObject({
      clusters: { us: { apiServer: plan.clusters.us?.apiServer, context: "us" } },
    });
    expect(text).not.toContain("current-context");
  });

  it("is read by the command of the package, which finds no context for its clusters here", async () => {
    writeFileSync(join(fleet.folder, "outputs.json"), await outputs());
    const command = join(installed, "dist", "ops", "fleet.cjs");
    const verify = fleet.run(process.execPath, [command, "verify", "--outputs", "outputs.json"]);
    await expect(verify).rejects.toThrow(/has no context "us"/);
  });

  it("is refused a step that cuts traffic, before anything changes in a cluster", async () => {
    const before = await state();
    write(example.replace(/^ {6}eu: .*\n/m, "").replace(", eu: eu.kubeconfig", ""));
    const { failed, said } = await run(...UP);
    expect(failed).toBe(true);
    expect(said).toContain("remove-undrained-cluster: cluster eu\n");
    expect(said).not.toMatch(/^\s+at .*\d+:\d+\)?$/m);
    expect(resourcesIn(await state())).toBe(resourcesIn(before));
    expect(parseOutputs(await outputs()).links).toHaveLength(2);
  });
});

describe("another program", () => {
  it("is told all of its mistakes at once, each with its path", async () => {
    write(
      example
        .replace('version: "2026.8.3"', 'version: "latest"')
        .replace("us: us.kubeconfig, eu:", "us: us.kubeconfig, mars:")
        .replace('in: ["us"]', 'in: ["usa"]')
        .replace('namespace: "shop",\n        mode', "namespace: us.apiServer,\n        mode"),
    );
    const { failed, said } = await run("preview");
    expect(failed).toBe(true);
    // The engine shows a message as it comes, and again at the end.
    expect(said.match(/The arguments of the Fleet "fleet" have problems/g)).toHaveLength(2);
    for (const path of ["linkerd.version", "kubeconfigs.mars", "services[0].in[0]", "services[0].namespace"])
      expect(said).toContain(`  ${path}\n`);
    expect(said).not.toMatch(/^\s+at .*\d+:\d+\)?$/m);
  });

  const blueAndGreen = (second: string) => `
    import * as kubernetes from "@pulumi/kubernetes";
    import { Fleet } from "linkerd-fleet";
    import { Cluster } from "./cluster";
    const rest = {
      linkerd: { version: "2026.8.3" },
      trust: { anchors: [{ id: "2026", state: "active" as const }] },
    };
    const us = new Cluster("us");
    export const blue = new Fleet("blue", {
      kubeconfigs: { us: us.kubeconfig },
      config: { ...rest, clusters: { us: { apiServer: us.apiServer } } },
    }).outputs;
    const second = new Cluster("second");
    const apac = new Cluster("apac");
    export const green = new Fleet("green", {
      secrets: { theirs: second.kubeconfig },
      providers: { apac: new kubernetes.Provider("apac", { kubeconfig: apac.kubeconfig }) },
      config: {
        ...rest,
        clusters: {
          ${second}: { apiServer: second.apiServer, kubeconfig: { secret: "theirs" } },
          apac: { apiServer: apac.apiServer },
        },
      },
    }).outputs;
  `;

  it("has two fleets of other names, with secrets and providers of its own", async () => {
    write(blueAndGreen("eu"));
    await fleet.pulumi("two", ["stack", "init", "two"]);
    const { stdout } = await fleet.pulumi("two", ["preview"]);
    for (const name of ["blue-trust-2026", "green-trust-2026", "us-linkerd-release", "apac-to-eu-link"])
      expect(stdout).toMatch(new RegExp(` ${name} +create`));
    expect(stdout).toContain("The cluster eu was not looked into: its kubeconfig is known only when");
    expect(stdout).toContain("The cluster apac was not looked into: its kubeconfig is in a provider");
  });

  it("is refused two fleets with a cluster of one name", async () => {
    write(blueAndGreen("us"));
    const preview = fleet.pulumi("two", ["preview"]);
    await expect(preview).rejects.toThrow('is also a cluster of the Fleet "blue"');
  });
});
