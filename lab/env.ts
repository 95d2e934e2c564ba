import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { engineEnv, type Toolchain } from "./toolchain";

/** The clone this code belongs to. */
export const repository = resolve(__dirname, "..");

/** The stack that the lab brings up. */
export const stackName = "dev";

/**
 * Encrypts the secrets of the lab's state; its salt stands in `Pulumi.dev.yaml`. It is no secret: whoever can read
 * `.lab/` also finds the administrators' kubeconfig there, so what protects the lab is the folder's mode 0700.
 */
export const labPassphrase = "linkerd-fleet-lab";

/** One lab: where its run-time state lives, and the project whose stack it brings up. */
export interface Lab {
  /** Clusters, kubeconfig, Pulumi state, logs and lock. `down` removes this folder. */
  readonly root: string;
  /** The folder that holds `Pulumi.yaml` and the stack file. */
  readonly project: string;
  readonly stackFile: string;
  readonly kubeconfig: string;
  readonly logs: string;
  /** Folder of the Pulumi file backend. */
  readonly state: string;
  /** Temporary files of its programs: the kubernetes plugin leaves kubeconfigs there, with their keys. */
  readonly temporary: string;
  /** Whether services are mirrored: by the lab's own stand-in, since no image runs in its pods. */
  readonly mirrors: boolean;
}

/**
 * The lab of this clone, or the one that `LINKERD_FLEET_LAB` and `LINKERD_FLEET_PROJECT` name (tests use them).
 * `LINKERD_FLEET_MIRRORS=off`: nothing is mirrored in it.
 */
export function openLab(env: NodeJS.ProcessEnv = process.env): Lab {
  const root = resolve(env.LINKERD_FLEET_LAB ?? join(repository, ".lab"));
  const project = resolve(env.LINKERD_FLEET_PROJECT ?? repository);
  return {
    root,
    project,
    stackFile: join(project, `Pulumi.${stackName}.yaml`),
    kubeconfig: join(root, "kubeconfig"),
    logs: join(root, "logs"),
    state: join(root, "state"),
    temporary: join(root, "tmp"),
    mirrors: env.LINKERD_FLEET_MIRRORS !== "off",
  };
}

/**
 * The environment in which plain `pulumi`, `kubectl` and `helm` work on the lab and leave nothing outside of it.
 * Pulumi settings of the caller's shell do not reach it: the lab must not touch an account or another backend.
 */
export function labEnv(lab: Lab, tools: Toolchain): NodeJS.ProcessEnv {
  mkdirSync(lab.temporary, { recursive: true, mode: 0o700 });
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("PULUMI_"));
  return {
    ...Object.fromEntries(inherited),
    ...engineEnv(tools),
    PULUMI_BACKEND_URL: `file://${lab.state}`,
    PULUMI_CONFIG_PASSPHRASE: labPassphrase,
    PULUMI_STACK: stackName,
    // Its pods are simulated, and nothing injects proxies into them.
    LINKERD_FLEET_AS_INJECTED: "true",
    KUBECONFIG: lab.kubeconfig,
    TMPDIR: lab.temporary,
    KUBECACHEDIR: join(lab.root, "cache", "kubectl"),
    HELM_CACHE_HOME: join(lab.root, "cache", "helm"),
    HELM_CONFIG_HOME: join(lab.root, "cache", "helm-config"),
    HELM_DATA_HOME: join(lab.root, "cache", "helm-data"),
    NO_PROXY: ["127.0.0.1", "localhost", process.env.NO_PROXY ?? process.env.no_proxy]
      .filter(Boolean)
      .join(","),
  };
}

/** Something a person can mend: printed as it is, without a stack trace. */
export class LabError extends Error {}
