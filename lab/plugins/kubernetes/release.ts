import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseAllDocuments } from "yaml";
import {
  type Call,
  CheckFailure,
  type Created,
  cancelled,
  log,
  NotReady,
  type Resource,
  randomName,
} from "../provider";
import { difference, field, isProps, type Props, redact, text, UNKNOWN } from "../values";
import type { Client, Switches } from "./client";
import { isDown } from "./objects";

/** Release options that helm has as a switch of the same name: for both commands, or only for one. */
const both =
  "atomic dependencyUpdate devel disableOpenapiValidation skipCrds takeOwnership verify waitForJobs";
const helmSwitches = {
  install: `${both} createNamespace replace`.split(" "),
  upgrade: `${both} cleanupOnFail resetValues reuseValues`.split(" "),
};
const options = new Set([
  ...Object.values(helmSwitches).flat(),
  ..."name namespace chart version values repositoryOpts timeout skipAwait maxHistory description".split(" "),
  // The first is the SDK's mark, the second an output that it sends as an input.
  ..."compat resourceNames".split(" "),
]);
const repositoryOptions = "repo username password caFile".split(" ");

interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

type Helm = (args: string[], input?: string) => Promise<Result>;

/** `helm.v3.Release` by the helm CLI. */
export function releases(client: Client, switches: Switches): Resource {
  /** Helm with a home of its own. Secrets reach it by files of this session or by its input, never as arguments. */
  const session = async <T>(work: (helm: Helm) => Promise<T>): Promise<T> => {
    // Asked first, because helm itself waits long for a cluster that is down.
    await client.request("GET", "/version");
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "linkerd-fleet-release-"));
    const { kubeconfig, context } = client.settings;
    const file = path.join(folder, "kubeconfig");
    const inline = kubeconfig !== undefined && /[\n{]/.test(kubeconfig);
    if (inline) fs.writeFileSync(file, kubeconfig, { mode: 0o600 });
    const cache = path.join(process.env.LINKERD_FLEET_CACHE ?? os.tmpdir(), "linkerd-fleet-helm");
    const env = {
      HELM_CACHE_HOME: path.join(cache, "cache"),
      HELM_DATA_HOME: path.join(cache, "data"),
      ...process.env,
      // Credentials of chart repositories go there.
      HELM_CONFIG_HOME: folder,
      ...(kubeconfig !== undefined && { KUBECONFIG: inline ? file : kubeconfig }),
    };
    const clean = () => fs.rmSync(folder, { recursive: true, force: true });
    process.on("exit", clean);
    const program = process.env.LINKERD_FLEET_HELM ?? "helm";
    const helm: Helm = (args, input = "") =>
      new Promise<Result>((resolve, reject) => {
        const child = spawn(program, [...args, ...(context ? ["--kube-context", context] : [])], { env });
        // Helm ends what it does in good order, and with `atomic` takes it back.
        const stop = () => child.kill("SIGTERM");
        // A killed engine ends its plugins, and nothing may go on behind its back.
        const kill = () => child.kill("SIGKILL");
        cancelled.signal.addEventListener("abort", stop);
        process.on("exit", kill);
        const output = { stdout: "", stderr: "" };
        child.stdout.on("data", (chunk) => (output.stdout += chunk));
        child.stderr.on("data", (chunk) => (output.stderr += chunk));
        child.on("error", (error) => reject(new Error(`helm cannot be run: ${error.message}`)));
        child.on("close", (code) => {
          cancelled.signal.removeEventListener("abort", stop);
          process.off("exit", kill);
          resolve({ code: code ?? 1, ...output });
        });
        // Helm may end without reading its input.
        child.stdin.on("error", () => undefined);
        child.stdin.end(input);
      });
    try {
      return await work(helm);
    } finally {
      clean();
      process.off("exit", clean);
    }
  };

  const failure = ({ stderr }: Result) => {
    const lines = stderr.split("\n").filter((line) => line && !/^(level=|WARNING:|[IWE]\d{4} )/.test(line));
    return redact(lines.join("\n").replace(/^Error: /, "") || stderr);
  };

  /** What the cluster holds; `undefined` if there is no such release. */
  const look = async (helm: Helm, namespace: string, name: string) => {
    const at = [name, "--namespace", namespace];
    const found = await helm(["get", "metadata", ...at, "--output", "json"]);
    if (found.code !== 0) {
      if (/release: not found/.test(found.stderr)) return undefined;
      throw new Error(failure(found));
    }
    const [values, manifest] = await Promise.all([
      helm(["get", "values", ...at, "--output", "json"]),
      helm(["get", "manifest", ...at]),
    ]);
    const { chart, version, appVersion, revision, status } = JSON.parse(found.stdout);
    return {
      values: (JSON.parse(values.stdout || "{}") ?? {}) as Props,
      resourceNames: namesIn(manifest.stdout, namespace),
      status: { name, namespace, chart, version, appVersion, revision, status } as Props,
    };
  };

  const stateOf = (inputs: Props, live: NonNullable<Awaited<ReturnType<typeof look>>>): Props => ({
    ...inputs,
    version: live.status.version,
    resourceNames: live.resourceNames,
    status: live.status,
  });

  const run = async (
    helm: Helm,
    verb: "install" | "upgrade",
    inputs: Props,
    call: Call,
  ): Promise<Created> => {
    const [name, namespace] = [text(inputs.name) ?? "", text(inputs.namespace) ?? ""];
    const id = `${namespace}/${name}`;
    const repository = isProps(inputs.repositoryOpts) ? inputs.repositoryOpts : {};
    const repo = text(repository.repo);
    let chart = text(inputs.chart) ?? "";
    const timeout = `--timeout=${Number(inputs.timeout ?? 300)}s`;
    const args = ["--namespace", namespace, "--values=-", timeout, "--output=json"];
    const ca = repository.caFile === undefined ? [] : ["--ca-file", text(repository.caFile) ?? ""];
    args.push(...ca);
    if (repository.username !== undefined) {
      const oci = chart.startsWith("oci://");
      const target = oci
        ? ["registry", "login", new URL(chart).host]
        : ["repo", "add", "release", repo ?? ""];
      const login = [...target, ...ca, "--username", text(repository.username) ?? "", "--password-stdin"];
      const done = await helm(login, text(repository.password));
      if (done.code !== 0) throw new Error(`chart repository: ${failure(done)}`);
      if (!oci) chart = `release/${chart}`;
    } else if (repo !== undefined) args.push("--repo", repo);
    if (inputs.version !== undefined) args.push("--version", text(inputs.version) ?? "");
    if (inputs.skipAwait !== true) args.push("--wait");
    if (verb === "upgrade" && inputs.maxHistory !== undefined)
      args.push("--history-max", String(inputs.maxHistory));
    if (inputs.description !== undefined) args.push("--description", text(inputs.description) ?? "");
    for (const option of helmSwitches[verb])
      if (inputs[option] === true) args.push(`--${option.replace(/[A-Z]/g, "-$&").toLowerCase()}`);
    log("status", `helm ${verb} ${name}`, call.urn);
    const done = await helm([verb, name, chart, ...args], JSON.stringify(inputs.values ?? {}));
    if (done.code === 0) {
      const live = await look(helm, namespace, name);
      if (!live) throw new Error(`the Helm release "${id}" vanished after its ${verb}`);
      return { id, outputs: stateOf(inputs, live) };
    }
    const error = new Error(failure(done));
    // Not ours: helm refused before it did anything, or undid what it did.
    if (inputs.atomic === true || /cannot re-use a name|another operation/.test(error.message)) throw error;
    const live = await look(helm, namespace, name).catch(() => undefined);
    if (live?.status.status !== "failed") throw error;
    throw new NotReady(
      `Helm release "${id}" failed to initialize completely. Use Helm CLI to investigate: ${error.message}`,
      { id, outputs: stateOf(inputs, live) },
    );
  };

  return {
    async check(news, olds, call) {
      const lacking = Object.keys(news).filter((key) => !options.has(key) && news[key] !== false);
      const repository = isProps(news.repositoryOpts) ? Object.keys(news.repositoryOpts) : [];
      lacking.push(...repository.filter((key) => !repositoryOptions.includes(key)));
      const reason = (key: string) =>
        `the lab's stand-in for Release has no option '${key}'; it needs the official plugin`;
      if (lacking.length > 0)
        throw new CheckFailure(lacking.map((property) => ({ property, reason: reason(property) })));
      const { resourceNames: _, ...inputs } = news;
      const name = text(news.name) ?? text(olds?.name) ?? randomName(call.name);
      const namespace = text(news.namespace) ?? client.settings.namespace ?? "default";
      if (switches.skipUpdateUnreachable && olds && (await isDown(client, call))) return olds;
      return { ...inputs, name, namespace };
    },
    diff: (changes) => ({
      changes: changes.map((change) => ({ ...change, replace: /^(name|namespace)$/.test(change.path) })),
    }),
    async create(inputs, call) {
      if (!call.preview) return session((helm) => run(helm, "install", inputs, call));
      return { id: "", outputs: { ...inputs, status: UNKNOWN, resourceNames: UNKNOWN } };
    },
    async update(news, state, call) {
      if (!call.preview) return session((helm) => run(helm, "upgrade", news, call));
      const status = { ...(state.status as Props), version: UNKNOWN, appVersion: UNKNOWN, revision: UNKNOWN };
      return { id: call.id, outputs: { ...news, status, resourceNames: UNKNOWN } };
    },
    async read(inputs, state, call) {
      const [namespace = "", name = ""] = call.id.split("/");
      let live: Awaited<ReturnType<typeof look>>;
      try {
        live = await session((helm) => look(helm, namespace, name));
      } catch (error) {
        if (!switches.skipUpdateUnreachable || !inputs || !(await isDown(client, call))) throw error;
        return { id: call.id, outputs: state, inputs };
      }
      if (!live) return undefined;
      const base = inputs ?? { name, namespace, chart: live.status.chart, version: live.status.version };
      const drifted = inputs === undefined || difference(inputs.values ?? {}, live.values).length > 0;
      const version = base.version === undefined ? {} : { version: live.status.version };
      const seen = { ...base, ...version, ...(drifted && { values: live.values }) };
      return { id: call.id, outputs: stateOf(seen, live), inputs: seen };
    },
    async delete(inputs, state, call) {
      const waits = inputs.atomic === true || inputs.skipAwait !== true;
      const wait = waits ? ["--wait", `--timeout=${Number(inputs.timeout ?? 300)}s`] : [];
      const at = [text(state.name) ?? "", "--namespace", text(state.namespace) ?? ""];
      const done = await session((helm) => helm(["uninstall", ...at, "--ignore-not-found", ...wait]));
      if (done.code !== 0) throw new Error(failure(done));
      const kept = done.stdout.split("\n").filter((line) => /^(These resources were kept|\[)/.test(line));
      if (kept.length > 0) log("warning", `Helm uninstall returned information: ${kept.join(" ")}`, call.urn);
    },
  };
}

/** `Kind.group/group/version` to the names of the objects, as the official plugin lists them. */
function namesIn(manifest: string, namespace: string): Props {
  const names: Record<string, string[]> = {};
  for (const document of parseAllDocuments(manifest, { logLevel: "silent" })) {
    const object = document.toJS() as Props | null;
    if (!isProps(object)) continue;
    const [group, version] = (text(object.apiVersion) ?? "").split("/");
    const key = `${text(object.kind)}${version ? `.${group}` : ""}/${text(object.apiVersion)}`;
    const where = text(field(object, "metadata", "namespace")) ?? namespace;
    names[key] = [...(names[key] ?? []), `${where}/${text(field(object, "metadata", "name"))}`];
  }
  return names;
}
