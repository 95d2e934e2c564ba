import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";
import { z } from "zod";
import { download } from "./download";
import type { CacheState } from "./state";
import { kubernetesPlugin } from "./tools";

/** One part of the lab and where it comes from, for the table that `npm run lab` prints. */
export interface Part {
  name: string;
  version: string;
  /** `machine`: found on PATH, used as it is. */
  origin: "official" | "official (built from its Go module, about 4.25)" | "stand-in" | "built" | "machine";
  from: string;
}

/** The engine plugins that the fleet's program needs. */
const pluginNames = ["kubernetes", "tls", "random"] as const;
export type PluginName = (typeof pluginNames)[number];
export type PluginVersions = Readonly<Record<PluginName, string>>;
/** Where each plugin was downloaded from. */
export type Downloaded = Readonly<Partial<Record<PluginName, string>>>;

const chartNames = ["linkerd-crds", "linkerd-control-plane", "linkerd-multicluster", "linkerd-viz"] as const;

/** How official parts are looked for. */
export interface ChoiceOptions {
  /** An existing folder for what is being downloaded. */
  readonly cache: string;
  /** Remembers which official parts could not be had; the caller stores it. */
  readonly state: CacheState;
  readonly log: (line: string) => void;
  /** Ask again even if the answer is remembered. */
  readonly refresh?: boolean;
  readonly env?: NodeJS.ProcessEnv;
}

const day = 24 * 60 * 60 * 1000;
const originFile = "official-download.txt";

/** Installs below `pulumiHome` the official plugins that can be downloaded, and says from where; the others are missing. */
export async function downloadPlugins(
  pulumiHome: string,
  versions: PluginVersions,
  options: ChoiceOptions,
): Promise<Downloaded> {
  const urls = await Promise.all(
    pluginNames.map(async (name) => {
      const folder = pluginFolder(pulumiHome, name, versions[name]);
      const url = pluginUrl(name, versions[name], options.env ?? process.env);
      const take = () => installOfficialPlugin(url, name, folder, options.cache);
      const official =
        officialUrl(folder) ?? ((await ask(url, insteadOf(name), options, take)) ? url : undefined);
      // The installed folder is the memory of a success; without it the site is asked again.
      if (official !== undefined) delete options.state.answers[url];
      return official === undefined ? [] : [[name, official] as const];
    }),
  );
  return Object.fromEntries(urls.flat());
}

/** Installs the kubernetes plugin that was built: the engine finds the `program` where it looks for the plugin. */
export function installBuiltPlugin(pulumiHome: string, version: string, program: string): void {
  const folder = pluginFolder(pulumiHome, "kubernetes", version);
  const file = path.join(folder, "pulumi-resource-kubernetes");
  const target = path.relative(folder, program);
  if (fs.lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() && fs.readlinkSync(file) === target)
    return;
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  fs.symlinkSync(target, file);
}

/** How the plugins appear in the lab's table. */
export function pluginParts(versions: PluginVersions, downloaded: Downloaded): Part[] {
  return pluginNames.map((name): Part => {
    const from = downloaded[name];
    const part = { name: `plugin ${name}`, version: versions[name] };
    if (from !== undefined) return { ...part, origin: "official", from };
    if (name !== "kubernetes") return { ...part, origin: "stand-in", from: `lab/standins/${name}` };
    const { module } = kubernetesPlugin;
    return {
      name: part.name,
      version: `SDK ${part.version}`,
      origin: "official (built from its Go module, about 4.25)",
      from: `Go module ${module}`,
    };
  });
}

function insteadOf(name: PluginName): string {
  return name === "kubernetes" ? "the plugin is built from its Go module" : "the stand-in is used";
}

function pluginFolder(pulumiHome: string, name: PluginName, version: string): string {
  return path.join(pulumiHome, "plugins", `resource-${name}-v${version}`);
}

/**
 * Chooses where Linkerd's charts come from: the official repository if it can be reached and has all of them,
 * else the folder of stand-ins, whose versions say what they stand in for.
 */
export async function chooseCharts(
  standIns: string,
  options: ChoiceOptions,
): Promise<{ charts: string; parts: Part[] }> {
  const env = options.env ?? process.env;
  const repository = (env.LINKERD_FLEET_CHART_URL ?? "https://helm.linkerd.io/edge").replace(/\/+$/, "");
  const versions = chartNames.map((name) => ({ name, version: chartVersion(path.join(standIns, name)) }));
  const official = await ask(`${repository}/index.yaml`, "the stand-in is used", options, (url) =>
    requireCharts(url, versions, options.cache),
  );
  const parts = versions.map(
    ({ name, version }): Part => ({
      name: `chart ${name}`,
      version,
      origin: official ? "official" : "stand-in",
      from: official ? repository : `lab/charts/${name}`,
    }),
  );
  return { charts: official ? repository : standIns, parts };
}

/** Whether `take` got the official part at `url`, now or within the last day. */
async function ask(
  url: string,
  instead: string,
  options: ChoiceOptions,
  take: (url: string) => Promise<void>,
): Promise<boolean> {
  if ((options.env ?? process.env).LINKERD_FLEET_OFFLINE === "1") return false;
  const last = options.state.answers[url];
  if (last !== undefined && !options.refresh && Date.now() - last.at < day) return last.found;
  let found = true;
  try {
    await take(url);
  } catch (error) {
    found = false;
    const reason = error instanceof Error ? error.message : String(error);
    options.log(`${url}: ${reason}; ${instead}, and the site is asked again in a day`);
  }
  options.state.answers[url] = { at: Date.now(), found };
  return found;
}

function pluginUrl(name: PluginName, version: string, env: NodeJS.ProcessEnv): string {
  const site = (env.LINKERD_FLEET_PLUGIN_URL ?? "https://get.pulumi.com/releases/plugins").replace(
    /\/+$/,
    "",
  );
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  return `${site}/pulumi-resource-${name}-v${version}-${process.platform}-${architecture}.tar.gz`;
}

/** Where an installed official plugin came from; undefined for a stand-in or no plugin. */
function officialUrl(folder: string): string | undefined {
  const file = path.join(folder, originFile);
  return fs.existsSync(file) ? fs.readFileSync(file, "utf8").trim() : undefined;
}

async function installOfficialPlugin(
  url: string,
  name: PluginName,
  folder: string,
  cache: string,
): Promise<void> {
  await withTemporary(cache, async (temporary) => {
    const archive = path.join(temporary, "plugin.tar.gz");
    const unpacked = path.join(temporary, "plugin");
    fs.mkdirSync(unpacked);
    await download(url, archive);
    await promisify(execFile)("tar", ["-xzf", archive, "-C", unpacked]).catch((): never => {
      throw new Error("refused, it is not a whole gzip archive");
    });
    const program = fs.statSync(path.join(unpacked, `pulumi-resource-${name}`), { throwIfNoEntry: false });
    if (!program?.isFile() || program.size === 0 || (program.mode & 0o111) === 0)
      throw new Error(`refused, it holds no program pulumi-resource-${name}`);
    fs.writeFileSync(path.join(unpacked, originFile), `${url}\n`);
    fs.rmSync(folder, { recursive: true, force: true });
    fs.mkdirSync(path.dirname(folder), { recursive: true });
    fs.renameSync(unpacked, folder);
  });
}

const indexSchema = z.object({ entries: z.record(z.string(), z.array(z.object({ version: z.string() }))) });

async function requireCharts(
  url: string,
  wanted: readonly { name: string; version: string }[],
  cache: string,
): Promise<void> {
  await withTemporary(cache, async (temporary) => {
    const file = path.join(temporary, "index.yaml");
    await download(url, file);
    let index: z.infer<typeof indexSchema>;
    try {
      index = indexSchema.parse(parse(fs.readFileSync(file, "utf8")));
    } catch {
      throw new Error("refused, it is not the index of a chart repository");
    }
    for (const { name, version } of wanted)
      if (!index.entries[name]?.some((entry) => entry.version === version))
        throw new Error(`it has no ${name} ${version}`);
  });
}

async function withTemporary(cache: string, work: (folder: string) => Promise<void>): Promise<void> {
  const folder = fs.mkdtempSync(path.join(cache, "download-"));
  try {
    await work(folder);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function chartVersion(folder: string): string {
  const chart: unknown = parse(fs.readFileSync(path.join(folder, "Chart.yaml"), "utf8"));
  return z.object({ version: z.string() }).parse(chart).version;
}
