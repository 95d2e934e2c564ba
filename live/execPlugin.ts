import { type StdioOptions, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join, normalize } from "node:path";
import { z } from "zod";
import { readGoYaml } from "../fleet/clusters/goYaml";
import { EXEC_API, type ExecPlugin } from "../fleet/clusters/kubeconfig";

/** What an exec plugin of a kubeconfig gives: a token, a client certificate, or both. */
export interface PluginCredentials {
  readonly token: string;
  /** PEM. */
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
}

/** A plugin that opens a browser and is forgotten must not hold up a preview for ever; client-go has no limit. */
const LIMIT_MS = 120_000;

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");
/** As apimachinery's `UniversalDecoder` reads it: YAML or JSON, and the kind need not be said. */
const credential = z.object({
  apiVersion: z.string(),
  kind: z.literal("ExecCredential").or(z.literal("")).nullish(),
  status: z.object({
    token: text,
    clientCertificateData: text,
    clientKeyData: text,
    expirationTimestamp: z.iso.datetime({ offset: true }).nullish(),
  }),
});

/**
 * Runs a plugin when credentials are asked for, and again when they have expired or were refused. As client-go's
 * `plugin/pkg/client/auth/exec`. `cluster` is what `provideClusterInfo` gives it.
 */
export class ExecCredentials {
  private current: Promise<{ credentials: PluginCredentials; expires: number }> | undefined;

  constructor(
    private readonly plugin: ExecPlugin,
    private readonly cluster: object,
  ) {}

  async get(): Promise<PluginCredentials> {
    const known = this.ask();
    const { credentials, expires } = await known;
    if (Date.now() < expires) return credentials;
    // Of all requests that found them expired, the first one alone runs the plugin.
    if (this.current === known) this.current = undefined;
    return (await this.ask()).credentials;
  }

  /** The cluster did not take them: the next time, the plugin is asked anew. */
  refused(): void {
    this.current = undefined;
  }

  private ask(): Promise<{ credentials: PluginCredentials; expires: number }> {
    this.current ??= this.run();
    return this.current;
  }

  private async run(): Promise<{ credentials: PluginCredentials; expires: number }> {
    const { apiVersion, command: written, args, installHint, env } = this.plugin;
    const interactive = this.isInteractive();
    const command = normalize(written ?? "");
    const info = {
      kind: "ExecCredential",
      apiVersion,
      spec: { ...(this.plugin.provideClusterInfo ? { cluster: this.cluster } : {}), interactive },
    };
    const ran = await start(find(command) ?? command, args ?? [], interactive, {
      ...process.env,
      ...Object.fromEntries((env ?? []).map(({ name, value }) => [name ?? "", value ?? ""])),
      KUBERNETES_EXEC_INFO: JSON.stringify(info),
    });
    if ("failed" in ran) {
      const hint = ran.isMissing && installHint ? `: ${installHint.trim()}` : "";
      throw new Error(`the kubeconfig's exec plugin ${command} ${ran.failed}${hint}`);
    }
    return this.read(ran.output, command);
  }

  private isInteractive(): boolean {
    const { interactiveMode = "IfAvailable" } = this.plugin;
    if (interactiveMode === "Always" && !process.stdin.isTTY) {
      throw new Error(
        "the kubeconfig's exec plugin asks questions (interactiveMode: Always), and there is no terminal",
      );
    }
    return interactiveMode !== "Never" && process.stdin.isTTY === true;
  }

  /** What it printed holds credentials: no message quotes it. */
  private read(output: string, command: string): { credentials: PluginCredentials; expires: number } {
    const refuse = (why: string): never => {
      throw new Error(`the kubeconfig's exec plugin ${command} ${why}`);
    };
    const parsed = credential.safeParse(readGoYaml(output)?.value);
    if (!parsed.success) return refuse("printed no ExecCredential with a status");
    const { apiVersion, status } = parsed.data;
    if (apiVersion !== this.plugin.apiVersion) {
      return refuse(
        `printed an ${apiVersion.replace(`${EXEC_API}/`, "ExecCredential of ")}, not of its apiVersion`,
      );
    }
    const { token, clientCertificateData: certificate, clientKeyData: key, expirationTimestamp } = status;
    if ((certificate === "") !== (key === "")) return refuse("printed only one of certificate and key");
    if (token === "" && certificate === "") return refuse("printed neither a token nor a certificate");
    const expires = expirationTimestamp ? Date.parse(expirationTimestamp) : Number.POSITIVE_INFINITY;
    return { credentials: { token, certificate, key }, expires };
  }
}

type Ran = { readonly output: string } | { readonly failed: string; readonly isMissing: boolean };

function start(
  command: string,
  args: readonly string[],
  interactive: boolean,
  env: NodeJS.ProcessEnv,
): Promise<Ran> {
  return new Promise((resolve) => {
    const stdio: StdioOptions = interactive ? ["inherit", "pipe", "inherit"] : ["ignore", "pipe", "pipe"];
    const child = spawn(command, args, { env, stdio, timeout: LIMIT_MS });
    let output = "";
    let words = "";
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
    });
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      words = (words + chunk).slice(-300);
    });
    child.on("error", () => resolve({ failed: "cannot be started", isMissing: true }));
    child.on("close", (code, signal) => {
      if (code === 0) return resolve({ output });
      const stopped = child.killed ? `did not end within ${LIMIT_MS / 1000} s` : `was ended by ${signal}`;
      const ended = signal === null ? `ended with ${code}` : stopped;
      const why = words.trim().replaceAll(/\s*\n\s*/g, " ");
      resolve({ failed: why === "" ? ended : `${ended}: ${why}`, isMissing: false });
    });
  });
}

/** A program of PATH, as Go looks it up: in the caller's PATH, whatever the plugin's own environment says. */
function find(command: string): string | undefined {
  if (/[/\\]/.test(command)) return command;
  const files = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, command));
  return files.find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
