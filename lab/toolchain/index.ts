import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { buildPlugins, standIn } from "../standins/build";
import { buildTools } from "./build";
import { withLock } from "./lock";
import {
  type ChoiceOptions,
  chooseCharts,
  downloadPlugins,
  installBuiltPlugin,
  type Part,
  type PluginVersions,
  pluginParts,
} from "./parts";
import { readState, writeState } from "./state";
import { type GoToolName, goTools, kubernetesPlugin, sdkVersion, toolVersion } from "./tools";

export type { Part } from "./parts";

export type ToolName = Exclude<GoToolName, "kubectl" | "pulumi-resource-kubernetes">;

/** Everything the lab needs to run the fleet's program on this machine. */
export interface Toolchain {
  /** Absolute path of each program. */
  bin: Record<ToolName | "kubectl", string>;
  /** The folder to put first on PATH. */
  binDir: string;
  /** PULUMI_HOME, with the plugins installed. */
  pulumiHome: string;
  /** Folder or repository URL for `linkerd.source`. */
  charts: string;
  parts: Part[];
}

const root = path.join(__dirname, "..", "..");

/** The folder of everything that is built or downloaded once; several clones may share it. */
export function cacheRoot(): string {
  return path.resolve(process.env.LINKERD_FLEET_CACHE ?? path.join(root, ".cache"));
}

/**
 * Finds or builds everything the lab needs. The first call takes minutes and reports its progress, a later one
 * builds nothing.
 */
export async function ensureToolchain(options: {
  log(line: string): void;
  /** Ask the download sites again, whatever is remembered. */
  refresh?: boolean;
}): Promise<Toolchain> {
  if (process.platform === "win32")
    throw new Error("The lab runs on Linux and macOS; on Windows, run it inside WSL.");
  const cache = cacheRoot();
  fs.mkdirSync(cache, { recursive: true });
  const waiting = (pid: number) =>
    options.log(`Another run (process ${pid}) is preparing ${cache}; waiting for it to finish.`);
  return withLock(path.join(cache, "toolchain.lock"), waiting, () => prepare(cache, options));
}

async function prepare(
  cache: string,
  options: { log(line: string): void; refresh?: boolean },
): Promise<Toolchain> {
  const binDir = path.join(cache, "bin");
  const pulumiHome = path.join(cache, "pulumi-home");
  const state = readState(cache);
  const save = () => writeState(cache, state);

  for (const name of fs.readdirSync(cache))
    if (name.startsWith("download-")) fs.rmSync(path.join(cache, name), { recursive: true });
  const choice: ChoiceOptions = { cache, state, ...options };
  const versions = pluginVersions();
  const [downloaded, charts] = await Promise.all([
    downloadPlugins(pulumiHome, versions, choice),
    chooseCharts(path.join(root, "lab", "charts"), choice),
  ]);
  save();

  const kubectl = await machineKubectl(binDir);
  const tools = goTools.filter(({ name }) => name !== "kubectl" || kubectl === undefined);
  const builtPlugins = downloaded.kubernetes === undefined ? [kubernetesPlugin] : [];
  await buildTools([...tools, ...builtPlugins], { cache, state, log: options.log, save });
  for (const { name } of builtPlugins)
    installBuiltPlugin(pulumiHome, versions.kubernetes, path.join(binDir, name));
  const standIns = (["tls", "random"] as const).filter((name) => downloaded[name] === undefined);
  await buildPlugins(
    pulumiHome,
    standIns.map((name) => standIn(name, versions[name])),
  );

  const built = tools.map(
    (tool): Part => ({
      name: tool.name,
      version: toolVersion(tool).replace(/^v/, ""),
      origin: "built",
      from: `Go module ${tool.module}`,
    }),
  );
  const inBin = (name: ToolName | "kubectl") => path.join(binDir, name);
  return {
    bin: {
      pulumi: inBin("pulumi"),
      "pulumi-language-nodejs": inBin("pulumi-language-nodejs"),
      kwokctl: inBin("kwokctl"),
      kwok: inBin("kwok"),
      etcd: inBin("etcd"),
      "kube-apiserver": inBin("kube-apiserver"),
      "kube-controller-manager": inBin("kube-controller-manager"),
      "kube-scheduler": inBin("kube-scheduler"),
      helm: inBin("helm"),
      kubectl: kubectl?.from ?? inBin("kubectl"),
    },
    binDir,
    pulumiHome,
    charts: charts.charts,
    parts: [
      ...built,
      ...(kubectl === undefined ? [] : [kubectl]),
      ...pluginParts(versions, downloaded),
      ...charts.parts,
    ],
  };
}

/** The environment in which the engine and its programs run. */
export function engineEnv(toolchain: Toolchain): Record<string, string> {
  // The language host and the policy pack start the `node` that they find on PATH.
  const node = path.join(path.dirname(require.resolve("node/package.json")), "bin");
  return {
    PATH: [toolchain.binDir, node, process.env.PATH ?? ""].join(path.delimiter),
    PULUMI_HOME: toolchain.pulumiHome,
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_IGNORE_AMBIENT_PLUGINS: "true",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // One unreachable cluster must not stop the changes to the others.
    PULUMI_CONTINUE_ON_ERROR: "true",
    PULUMI_NODEJS_TRANSPILE_ONLY: "true",
    // Compiled modules are kept: a program start loads the SDK and a TypeScript compiler.
    NODE_COMPILE_CACHE: path.join(cacheRoot(), "node-compiled"),
    // The program in JavaScript as well, which ts-node keeps in TMPDIR by itself: every test has one of its own.
    TS_NODE_CACHE_DIRECTORY: path.join(cacheRoot(), "ts-node"),
  };
}

/** The machine's own kubectl, if it has a working one. */
async function machineKubectl(binDir: string): Promise<Part | undefined> {
  for (const folder of (process.env.PATH ?? "").split(path.delimiter)) {
    const file = path.join(folder, "kubectl");
    if (folder === "" || path.resolve(folder) === binDir || !fs.existsSync(file)) continue;
    try {
      const { stdout } = await promisify(execFile)(file, ["version", "--client"]);
      const version = /v(\d\S+)/.exec(stdout)?.[1];
      if (version !== undefined) return { name: "kubectl", version, origin: "machine", from: file };
    } catch {
      // Not a kubectl that runs here: the next folder may have one, else it is built.
    }
  }
  return undefined;
}

function pluginVersions(): PluginVersions {
  return { kubernetes: sdkVersion("kubernetes"), tls: sdkVersion("tls"), random: sdkVersion("random") };
}
