import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { pulumi } from "../../lab/engine";
import { type Lab, labEnv, openLab, repository } from "../../lab/env";
import { Progress } from "../../lab/progress";
import { type Ran, run } from "../../lab/run";
import { clusterPorts } from "../../lab/stackfile";
import { ensureToolchain, type Toolchain } from "../../lab/toolchain";
import { prepare } from "../../lab/up";

/** What a test changes in the stack file. */
export interface StackConfig {
  "linkerd-fleet:clusters": Record<string, Record<string, unknown>>;
  "linkerd-fleet:services": {
    name: string;
    namespace: string;
    mode: string;
    in: string[];
    to?: string[];
    allow?: object[];
  }[];
  [key: string]: unknown;
}

/** One step of a preview. */
export interface Step {
  readonly op: string;
  readonly type: string;
  readonly name: string;
}

/**
 * A lab of a test's own, with the repository's stack file on other ports: the user's lab is never touched. Its
 * project folder has a `Pulumi.yaml` and a stack file of its own, and links to everything else, so that `npx fleet …`
 * and `pulumi …` work in it as in a clone.
 */
export class TestLab {
  private constructor(
    readonly folder: string,
    readonly lab: Lab,
    readonly tools: Toolchain,
    private readonly firstPort: number,
  ) {}

  /**
   * `clusters`: only these of the stack file, each with more settings; services stay in those of theirs. Services are
   * mirrored only if `mirrors` is set: most tests say what a cluster holds.
   */
  static async create(
    clusters?: Readonly<Record<string, object>>,
    { mirrors = false }: { readonly mirrors?: boolean } = {},
  ): Promise<TestLab> {
    requireOwnCommand();
    const tools = await ensureToolchain({ log: (line) => console.log(line) });
    const folder = mkdtempSync(join(tmpdir(), "linkerd-fleet-lab-"));
    const project = join(folder, "project");
    const lab = openLab({
      LINKERD_FLEET_LAB: join(folder, "lab"),
      LINKERD_FLEET_PROJECT: project,
      LINKERD_FLEET_MIRRORS: mirrors ? "on" : "off",
    });
    mkdirSync(project);
    for (const entry of readdirSync(repository)) {
      if (!/^(\.|Pulumi\.)/.test(entry)) symlinkSync(join(repository, entry), join(project, entry));
    }
    const program = readYaml(join(repository, "Pulumi.yaml"));
    writeFileSync(
      join(project, "Pulumi.yaml"),
      stringify({ ...program, main: join(repository, "index.ts") }),
    );
    writeFileSync(lab.stackFile, readFileSync(openLab({}).stackFile));
    const made = new TestLab(folder, lab, tools, await freePorts());
    made.edit((config) => {
      config["linkerd-fleet:linkerd"] = {
        ...(config["linkerd-fleet:linkerd"] as object),
        source: join(lab.root, "charts"),
      };
      if (clusters) {
        config["linkerd-fleet:clusters"] = Object.fromEntries(
          Object.entries(clusters).map(([name, more]) => [
            name,
            { ...config["linkerd-fleet:clusters"][name], ...more },
          ]),
        );
        config["linkerd-fleet:services"] = config["linkerd-fleet:services"]
          .map((service) => ({ ...service, in: service.in.filter((name) => name in clusters) }))
          .filter((service) => service.in.length > 0);
      }
      for (const [index, cluster] of Object.values(config["linkerd-fleet:clusters"]).entries()) {
        cluster.apiServer = made.apiServer(index);
      }
    });
    return made;
  }

  /** us and eu of the stack file, its federated service in both, and what is apac's in eu. */
  static async pair(): Promise<TestLab> {
    const lab = await TestLab.create();
    lab.edit((config) => {
      delete config["linkerd-fleet:clusters"].apac;
      for (const service of config["linkerd-fleet:services"])
        service.in = service.mode === "federated" ? ["us", "eu"] : ["eu"];
    });
    return lab;
  }

  /** Changes the stack file as a user would. */
  edit(change: (config: StackConfig) => void): void {
    const file = readYaml(this.lab.stackFile);
    change(file.config as StackConfig);
    writeFileSync(this.lab.stackFile, stringify(file));
  }

  /** The address of the n-th cluster of this lab, to be written in the stack file. */
  apiServer(index: number): string {
    return `https://127.0.0.1:${this.firstPort + index}`;
  }

  /**
   * Starts those clusters of the stack file that do not run, with no Linkerd in them, and makes the stack where there
   * is none.
   */
  async start(): Promise<void> {
    mkdirSync(this.lab.root, { mode: 0o700, recursive: true });
    await prepare(this.lab, this.tools, new Progress((line) => console.log(line)));
  }

  /** What `npm run lab` does first of all; fails the test if that fails. */
  async bringUp(): Promise<void> {
    const first = await this.cli();
    if (first.code !== 0) throw new Error(`the first run failed:\n${first.stdout}\n${first.stderr}`);
  }

  /** `npm run lab -- …` */
  cli(...args: string[]): Promise<Ran> {
    return run(
      join(repository, "node_modules", ".bin", "tsx"),
      [join(repository, "lab", "cli.ts"), ...args],
      {
        cwd: repository,
        env: this.env(),
      },
    );
  }

  /** That of the lab's shell, in which the lab's own commands work on this lab. */
  env(): NodeJS.ProcessEnv {
    return {
      ...labEnv(this.lab, this.tools),
      LINKERD_FLEET_LAB: this.lab.root,
      LINKERD_FLEET_PROJECT: this.lab.project,
      LINKERD_FLEET_MIRRORS: this.lab.mirrors ? "on" : "off",
    };
  }

  /** `pulumi …` as in the lab's shell. */
  pulumi(...args: string[]): Promise<Ran> {
    return pulumi(this.lab, this.tools, args);
  }

  /**
   * A script as a user types it in the lab's shell (`npm run lab -- shell`), ended by the first failure. One that
   * waits for what never comes ends after five minutes, with exit code 124 and what it said until then.
   */
  shell(script: string): Promise<Ran> {
    return run("timeout", ["--kill-after=20", "300", "bash", "-euo", "pipefail", "-c", script], {
      cwd: this.lab.project,
      env: this.env(),
    });
  }

  /** The steps of `pulumi preview` that change something. */
  async preview(): Promise<Step[]> {
    const ran = await this.pulumi("preview", "--json");
    if (ran.code !== 0) throw new Error(`preview failed:\n${ran.stdout}\n${ran.stderr}`);
    const { steps } = JSON.parse(ran.stdout) as { steps: { op: string; urn: string }[] };
    return steps
      .filter(({ op }) => op !== "same")
      .map(({ op, urn }) => {
        const [, , types = "", ...name] = urn.split("::");
        return { op, type: types.split("$").at(-1) ?? "", name: name.join("::") };
      });
  }

  /** `kubectl --context <cluster> …`; fails the test if kubectl does. */
  async kubectl(cluster: string, ...args: string[]): Promise<string> {
    const ran = await run(this.tools.bin.kubectl, ["--context", cluster, ...args], {
      env: labEnv(this.lab, this.tools),
    });
    if (ran.code !== 0) throw new Error(`kubectl --context ${cluster} ${args.join(" ")}:\n${ran.stderr}`);
    return ran.stdout;
  }

  /** The deployed state, as the file backend stores it. */
  stateFile(): string {
    return readFileSync(join(this.lab.state, ".pulumi", "stacks", "linkerd-fleet", "dev.json"), "utf8");
  }

  /** Ends and removes everything. */
  async remove(): Promise<void> {
    await this.cli("down");
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A work tree that borrows the `node_modules` of another would try the other's `fleet`. */
function requireOwnCommand(): void {
  const command = realpathSync(join(repository, "node_modules", ".bin", "fleet"));
  if (command === join(realpathSync(repository), "ops", "fleet.cjs")) return;
  throw new Error(`\`npx fleet\` would run ${command}: run \`npm ci\` here.`);
}

function readYaml(path: string): Record<string, unknown> {
  return parse(readFileSync(path, "utf8")) as Record<string, unknown>;
}

/**
 * The first of eight neighbouring API server ports with all that belongs to them free. The clusters take them later:
 * test files that run at the same time look in other places.
 */
async function freePorts(): Promise<number> {
  const place = (Number(process.env.VITEST_POOL_ID ?? 0) % 3) * 300;
  for (let first = 20_000 + place + (process.pid % 29) * 10; first < 27_000; first += 10) {
    const ports = Array.from({ length: 8 }, (_, i) => Object.values(clusterPorts(first + i))).flat();
    const free = await Promise.all(ports.map(isFree));
    if (free.every(Boolean)) return first;
  }
  throw new Error("No free ports for the test's clusters below 27000.");
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
