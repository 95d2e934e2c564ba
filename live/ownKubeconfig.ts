import { existsSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import {
  type Access,
  accessOf,
  identifiesSomeone,
  type Kubeconfig,
  type KubeconfigUser,
  mergeKubeconfigs,
  parseKubeconfig,
} from "../fleet/clusters/kubeconfig";
import { kubeconfigProblem } from "../fleet/clusters/storedKubeconfig";
import { decodeText } from "../fleet/config/decodeText";

/** The access that a kubeconfig's content gives, or the caller's own kubeconfig. Throws with words for a person. */
export function readAccess(context: string | undefined, content: string | undefined): Access {
  const problem = content === undefined ? undefined : kubeconfigProblem(content, context);
  if (problem !== undefined) throw new Error(`its kubeconfig ${problem}`);
  const parsed = content === undefined ? { value: ownKubeconfig() } : parseKubeconfig(content);
  const found = "problem" in parsed ? parsed : accessOf(parsed.value, context);
  if ("value" in found) {
    const { cluster, user } = found.value;
    if (content !== undefined || identifiesSomeone(user) || !/^https:/i.test(cluster.server ?? ""))
      return found.value;
    throw new Error(
      "the kubeconfig has no credentials for this context: no token, certificate or exec plugin",
    );
  }
  const isEmpty = "value" in parsed && parsed.value.clusters.size === 0 && context === undefined;
  const own = isEmpty ? inCluster() : undefined;
  if (own === undefined) throw new Error(`the kubeconfig ${found.problem}`);
  return own;
}

/** Whether the caller has any kubeconfig. */
export function hasKubeconfig(): boolean {
  return ownFiles().some((file) => existsSync(file));
}

/** The files of KUBECONFIG, or `~/.kube/config`; those that are not there are skipped. */
function ownKubeconfig(): Kubeconfig {
  return mergeKubeconfigs(ownFiles().flatMap(readKubeconfig));
}

function ownFiles(): string[] {
  const { KUBECONFIG } = process.env;
  if (!KUBECONFIG) return [join(homedir(), ".kube", "config")];
  return [...new Set(KUBECONFIG.split(delimiter).filter((file) => file !== ""))];
}

/** As they were when last read: a fleet asks for each of its clusters, and one file may have them all. */
const read = new Map<string, { readonly content: Buffer; readonly config: Kubeconfig }>();

function readKubeconfig(file: string): Kubeconfig[] {
  const content = readOrSkip(file);
  if (content === undefined) return [];
  const before = read.get(resolve(file));
  if (before?.content.equals(content)) return [before.config];
  const config = understand(file, content);
  read.set(resolve(file), { content, config });
  return [config];
}

function understand(file: string, content: Buffer): Kubeconfig {
  const text = decodeText(content);
  const parsed = text === undefined ? { problem: "is no UTF-8 text" } : parseKubeconfig(text);
  if ("problem" in parsed) throw new Error(`the kubeconfig ${file} ${parsed.problem}`);
  const { value } = parsed;
  const folder = dirname(resolve(file));
  const located = (path: string | null | undefined) => (path ? resolve(folder, path) : path);
  const clusters = [...value.clusters].map(([name, cluster]) => {
    const authority = located(cluster["certificate-authority"]);
    return [name, { ...cluster, "certificate-authority": authority }] as const;
  });
  const users = [...value.users].map(([name, user]) => {
    const { exec } = user;
    const command = exec?.command ?? "";
    const ours: KubeconfigUser = {
      ...user,
      "client-certificate": located(user["client-certificate"]),
      "client-key": located(user["client-key"]),
      tokenFile: located(user.tokenFile),
      // One without a slash is looked up in PATH.
      exec: exec && /[/\\]/.test(command) ? { ...exec, command: resolve(folder, command) } : exec,
    };
    return [name, ours] as const;
  });
  return { ...value, clusters: new Map(clusters), users: new Map(users) };
}

function readOrSkip(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    throw new Error(`the kubeconfig ${file} cannot be read (${code})`);
  }
}

const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

/** A pod's own cluster, which is for whoever has no kubeconfig at all. */
function inCluster(): Access | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env;
  const tokenFile = join(SERVICE_ACCOUNT, "token");
  if (!host || !port || !statSync(tokenFile, { throwIfNoEntry: false })?.isFile()) return undefined;
  const server = `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
  return {
    cluster: { server, "certificate-authority": join(SERVICE_ACCOUNT, "ca.crt") },
    user: { tokenFile },
  };
}
