import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { pulumi } from "../lab/engine";
import { type Lab, labEnv, openLab, repository } from "../lab/env";
import type { Ran } from "../lab/run";
import { ensureToolchain, type Toolchain } from "../lab/toolchain";

/** Makes a folder a Pulumi project of this program. */
export function writeProject(folder: string): void {
  const runtime = { name: "nodejs", options: { tsconfig: join(repository, "tsconfig.program.json") } };
  const project = { name: "linkerd-fleet", runtime, main: join(repository, "index.ts") };
  writeFileSync(join(folder, "Pulumi.yaml"), stringify(project));
}

/** This program on the real engine, in a folder of its own; no cluster answers it, and none has to. */
export class LoneProject {
  private constructor(
    readonly folder: string,
    readonly tools: Toolchain,
    private readonly lab: Lab,
  ) {}

  static async create(): Promise<LoneProject> {
    const tools = await ensureToolchain({ log: (line) => console.log(line) });
    const folder = mkdtempSync(join(tmpdir(), "linkerd-fleet-project-"));
    const lab = { ...openLab({ LINKERD_FLEET_LAB: folder, LINKERD_FLEET_PROJECT: folder }), state: folder };
    writeProject(folder);
    return new LoneProject(folder, tools, lab);
  }

  pulumi(...args: string[]): Promise<Ran> {
    return pulumi(this.lab, this.tools, args);
  }

  /** The same; fails the test if it fails. */
  async must(...args: string[]): Promise<Ran> {
    const ran = await this.pulumi(...args);
    if (ran.code !== 0) throw new Error(ran.stdout + ran.stderr);
    return ran;
  }

  /** A run that the test ends. */
  begin(args: readonly string[], more: NodeJS.ProcessEnv = {}): ChildProcess {
    const env = { ...labEnv(this.lab, this.tools), PULUMI_DEBUG_COMMANDS: "true", ...more };
    return spawn(this.tools.bin.pulumi, args, { cwd: this.folder, env, stdio: "ignore" });
  }

  /** An empty stack in the place of the one before. */
  async newStack(config: object): Promise<void> {
    rmSync(this.lab.stackFile, { force: true });
    await this.pulumi("stack", "rm", "dev", "--yes", "--force");
    this.configure(config);
    await this.must("stack", "init", "dev");
  }

  configure(config: object): void {
    writeFileSync(this.lab.stackFile, stringify({ config }));
  }

  /** Contexts of clusters that do not answer. */
  nameClusters(contexts: readonly string[]): void {
    const content = {
      apiVersion: "v1",
      kind: "Config",
      clusters: contexts.map((name) => ({ name, cluster: { server: "https://127.0.0.1:1" } })),
      users: [{ name: "nobody", user: { token: "none" } }],
      contexts: contexts.map((name) => ({ name, context: { cluster: name, user: "nobody" } })),
    };
    writeFileSync(this.lab.kubeconfig, stringify(content));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
