import { spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { z } from "zod";
import { labEnv, openLab } from "../../lab/env";
import { buildPlugins } from "../../lab/standins/build";
import { ensureToolchain } from "../../lab/toolchain";
import { sdkVersion } from "../../lab/toolchain/tools";
import { writeProject } from "../../testing/loneProject";
import { MemoryWatch } from "./processes";

export interface Ran {
  readonly seconds: number;
  readonly stdout: string;
  readonly memory: ReturnType<MemoryWatch["end"]>;
}

/** A project on the real engine whose clusters are in memory; stacks are files of its folder. */
export class MemoryFleet {
  private constructor(
    readonly folder: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  static async create(): Promise<MemoryFleet> {
    const tools = await ensureToolchain({ log: (line) => console.error(line) });
    const folder = mkdtempSync(join(tmpdir(), "linkerd-fleet-bench-"));
    const pulumiHome = join(folder, "pulumi-home");
    const plugins = join(tools.pulumiHome, "plugins");
    mkdirSync(join(pulumiHome, "plugins"), { recursive: true });
    for (const name of readdirSync(plugins)) {
      if (!name.startsWith("resource-kubernetes-"))
        cpSync(join(plugins, name), join(pulumiHome, "plugins", name), { recursive: true });
    }
    const module = join(__dirname, "plugin");
    await buildPlugins(pulumiHome, [{ name: "kubernetes", version: sdkVersion("kubernetes"), module }]);
    const lab = openLab({ LINKERD_FLEET_LAB: folder, LINKERD_FLEET_PROJECT: folder });
    mkdirSync(lab.state);
    writeProject(folder);
    return new MemoryFleet(folder, {
      ...labEnv(lab, { ...tools, pulumiHome }),
      KUBECONFIG: join(folder, "kubeconfig"),
    });
  }

  /**
   * The contexts that the program asks for before its first resource. They lead nowhere: it warns of clusters that do
   * not answer, and goes on.
   */
  haveContexts(names: readonly string[]): void {
    const kubeconfig = {
      clusters: [{ name: "none", cluster: { server: "http://127.0.0.1:9" } }],
      contexts: names.map((name) => ({ name, context: { cluster: "none" } })),
    };
    writeFileSync(join(this.folder, "kubeconfig"), stringify(kubeconfig));
  }

  /** Sections without a prefix, as in a fleet file. */
  write(stack: string, sections: Record<string, unknown>): void {
    const config = Object.entries(sections).map(([section, value]) => [`linkerd-fleet:${section}`, value]);
    const file = join(this.folder, `Pulumi.${stack}.yaml`);
    const salt = existsSync(file)
      ? (/^encryptionsalt: .*\n/m.exec(readFileSync(file, "utf8"))?.[0] ?? "")
      : "";
    writeFileSync(file, salt + stringify({ config: Object.fromEntries(config) }));
  }

  pulumi(stack: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Ran> {
    const flags = ["--non-interactive", "--color=never"];
    return this.run("pulumi", [...args, ...flags], { ...more, PULUMI_STACK: stack });
  }

  /** A plugin that has never run has no compiled modules: a preview of a fleet, before anything is measured. */
  async warmUp(sections: Record<string, unknown>): Promise<void> {
    this.write("warm-up", sections);
    await this.pulumi("warm-up", ["stack", "init", "warm-up"]);
    await this.pulumi("warm-up", ["preview"]);
  }

  /** The first `up` of a new stack. */
  async firstUp(
    stack: string,
    sections: Readonly<Record<string, unknown>> & { readonly clusters: object },
    more: NodeJS.ProcessEnv = {},
  ): Promise<Ran> {
    this.haveContexts(Object.keys(sections.clusters));
    await this.pulumi(stack, ["stack", "init", stack], more);
    this.write(stack, sections);
    return this.pulumi(stack, ["up", "--yes", "--skip-preview", "--continue-on-error"], more);
  }

  /** Fails with what the program said. */
  run(program: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Ran> {
    const start = performance.now();
    const options = { cwd: this.folder, env: { ...this.env, ...more } };
    return new Promise((resolve, reject) => {
      const child = spawn(program, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
      const watch = new MemoryWatch(child.pid ?? 0);
      let [stdout, stderr] = ["", ""];
      child.stdout.on("data", (text) => (stdout += text));
      child.stderr.on("data", (text) => (stderr += text));
      child.on("error", reject);
      child.on("close", (code) => {
        const memory = watch.end();
        const seconds = (performance.now() - start) / 1000;
        if (code === 0) resolve({ seconds, stdout, memory });
        else reject(new Error(`${program} ${args.join(" ")} failed:\n${stdout}\n${stderr}`));
      });
    });
  }

  /** The state of a stack as the file backend stores it. */
  state(stack: string): string {
    return readFileSync(
      join(this.folder, "state", ".pulumi", "stacks", "linkerd-fleet", `${stack}.json`),
      "utf8",
    );
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const checkpoint = z.object({
  checkpoint: z.object({ latest: z.object({ resources: z.array(z.unknown()) }) }),
});

export function resourcesIn(state: string): number {
  return checkpoint.parse(JSON.parse(state)).checkpoint.latest.resources.length;
}
