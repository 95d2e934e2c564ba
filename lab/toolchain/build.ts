import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import type { CacheState } from "./state";
import { buildArguments, type GoTool, requiredGo, toolVersion } from "./tools";

/** Where and with what the missing programs are built. */
export interface BuildOptions {
  /** The cache folder; programs go to its `bin`. */
  readonly cache: string;
  /** Read and updated; the caller stores it. */
  readonly state: CacheState;
  readonly log: (line: string) => void;
  /** Called after each program, so that an interrupted run keeps what it built. */
  readonly save: () => void;
  /** Milliseconds between two progress lines. */
  readonly progressEvery?: number;
}

// What the user's own Go settings must not change.
const goEnvironment = { CGO_ENABLED: "0", GOFLAGS: "", GOWORK: "off", GOTOOLCHAIN: "local" };

/** Builds every tool that is missing or was built from something else; one that is current is left alone. */
export async function buildTools(tools: readonly GoTool[], options: BuildOptions): Promise<void> {
  const go = await goVersion();
  const missing = tools.filter((tool) => !isCurrent(tool, go, options));
  if (missing.length === 0) return;
  requireGo(go, missing);
  const bin = path.join(options.cache, "bin");
  fs.mkdirSync(bin, { recursive: true });
  for (const name of fs.readdirSync(bin)) if (name.endsWith(".partial")) fs.rmSync(path.join(bin, name));

  const total = missing.reduce((sum, tool) => sum + usualSeconds(tool, options.state), 0);
  const programs = missing.length === 1 ? "1 program" : `${missing.length} programs`;
  options.log(`Building ${programs} with Go ${go}, once; this takes about ${duration(total)}.`);
  for (const [i, tool] of missing.entries()) {
    const label = `[${i + 1}/${missing.length}] ${tool.name} ${toolVersion(tool)}`;
    const usual = options.state.built[tool.name] === undefined ? "usually about" : "last time";
    options.log(`${label}: building, ${usual} ${duration(usualSeconds(tool, options.state))}`);
    const seconds = await buildTool(tool, label, options);
    options.state.built[tool.name] = { inputs: inputsOf(tool), go, seconds };
    options.save();
    options.log(`${label}: done in ${duration(seconds)}`);
  }
}

async function buildTool(tool: GoTool, label: string, options: BuildOptions): Promise<number> {
  const program = path.join(options.cache, "bin", tool.name);
  const partial = `${program}.partial`;
  const start = Date.now();
  const elapsed = () => Math.round((Date.now() - start) / 1000);
  const progress = setInterval(
    () => options.log(`${label}: ${duration(elapsed())}`),
    options.progressEvery ?? 15_000,
  );
  const overlay = `${program}.overlay`;
  try {
    if (tool.embeds === undefined) await runGo(buildArguments(tool, partial), tool.folder);
    else {
      fs.writeFileSync(overlay, await embedOverlay(tool, tool.embeds));
      await runGo(buildArguments(tool, partial, overlay), tool.folder);
    }
    fs.renameSync(partial, program);
  } catch (error) {
    fs.rmSync(partial, { force: true });
    throw new Error(`Could not build ${tool.name} from ${tool.folder}:\n${(error as Error).message}`);
  } finally {
    clearInterval(progress);
    fs.rmSync(overlay, { force: true });
  }
  return elapsed();
}

/** Lays files of the module into the main package, which can embed none from outside its folder. */
async function embedOverlay(tool: GoTool, embeds: Readonly<Record<string, string>>): Promise<string> {
  const downloaded = JSON.parse(await runGo(["mod", "download", "-json", tool.module], tool.folder));
  const module = z.object({ Dir: z.string() }).parse(downloaded).Dir;
  const main = path.join(tool.folder, tool.main);
  const files = Object.entries(embeds).map(([name, file]) => [
    path.join(main, name),
    path.join(module, file),
  ]);
  return JSON.stringify({ Replace: Object.fromEntries(files) });
}

/** Runs `go` and returns what it prints. */
function runGo(args: string[], cwd: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn("go", args, {
      cwd,
      env: { ...process.env, ...goEnvironment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    // A build of minutes should leave the machine usable.
    if (child.pid !== undefined) os.setPriority(child.pid, 10);
    let printed = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
    let errors = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      errors = (errors + text).slice(-4_000);
    });
    let stopped: NodeJS.Signals | undefined;
    const stop = (signal: NodeJS.Signals) => {
      stopped = signal;
      child.kill(signal);
    };
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
    for (const signal of signals) process.on(signal, stop);
    child.on("error", reject);
    child.on("close", (code) => {
      for (const name of signals) process.off(name, stop);
      if (code === 0) resolve(printed);
      else reject(new Error(stopped === undefined ? errors.trim() : `interrupted by ${stopped}`));
    });
  });
}

function isCurrent(tool: GoTool, go: string | undefined, { cache, state }: BuildOptions): boolean {
  const stamp = state.built[tool.name];
  // A machine without Go can still use what another one built into a shared cache.
  const sameGo = go === undefined || stamp?.go === go;
  return sameGo && stamp?.inputs === inputsOf(tool) && fs.existsSync(path.join(cache, "bin", tool.name));
}

/** A hash over everything in the repository that a program is built from. */
function inputsOf(tool: GoTool): string {
  const hash = createHash("sha256");
  const own = tool.main === "." ? ["main.go"] : [];
  for (const file of ["go.mod", "go.sum", ...own])
    hash.update(fs.readFileSync(path.join(tool.folder, file))).update("\0");
  return hash
    .update(JSON.stringify([buildArguments(tool, ""), goEnvironment, process.platform, process.arch]))
    .digest("hex");
}

function usualSeconds(tool: GoTool, state: CacheState): number {
  return state.built[tool.name]?.seconds ?? tool.usualSeconds;
}

async function goVersion(): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)("go", ["env", "GOVERSION"], {
      env: { ...process.env, ...goEnvironment },
    });
    return stdout.trim().replace(/^go/, "");
  } catch {
    return undefined;
  }
}

function requireGo(go: string | undefined, tools: readonly GoTool[]): asserts go is string {
  const needed = tools.map(requiredGo).sort((a, b) => compareVersions(b, a))[0] ?? "";
  const install = `Install Go ${needed} or newer (https://go.dev/dl), put it on PATH and run again.`;
  if (go === undefined)
    throw new Error(
      `The lab's programs are built from Go modules, and there is no working go on PATH. ${install}`,
    );
  if (compareVersions(go, needed) < 0)
    throw new Error(`The lab's programs need Go ${needed} or newer; the go on PATH is ${go}. ${install}`);
}

function compareVersions(a: string, b: string): number {
  const numbers = (version: string) => version.split(/[^0-9]+/).map(Number);
  const [left, right] = [numbers(a), numbers(b)];
  for (let i = 0; i < 3; i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function duration(seconds: number): string {
  return seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}
