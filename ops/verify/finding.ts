import type { ClusterPlan } from "../../fleet/clusters/plan";
import type { Read } from "../../live/cluster";
import type { Release } from "../../live/shapes";

/** `unknown`: it could not be judged from here. */
export type Severity = "error" | "warning" | "unknown";

/** A file of `docs/runbooks`. */
export type Runbook =
  | "restore"
  | "undeclared"
  | "unreachable"
  | "not-working"
  | "pending"
  | "rotate-anchor"
  | "upgrade"
  | "recover-from-an-interrupted-update";

export interface Finding {
  readonly severity: Severity;
  /** What is wrong, and where within the subject. */
  readonly message: string;
  /** What to do, in one line. */
  readonly remedy: string;
  readonly runbook: Runbook;
}

/** What one check says of one cluster, link or service. */
export interface Judgement {
  /** For example `us`, `us → eu`, `shop/checkout in us`. */
  readonly subject: string;
  /** None: all is well. */
  readonly findings: readonly Finding[];
}

/** What differs from the plan in a part that this program owns. */
export function drifted(message: string, severity: Severity = "error"): Finding {
  const remedy =
    "`pulumi up --refresh --continue-on-error` restores it (if an edit is in the way, see the runbook)";
  return { severity, message, remedy, runbook: "restore" };
}

/** What differs in a part that a Helm chart made, which no refresh sees. */
export function driftedChart(message: string, cluster: ClusterPlan, release: Release | undefined): Finding {
  const { name, namespace, revision } = release ?? {};
  if (name === undefined) return drifted(message);
  const command = `helm --kube-context ${contextOf(cluster)} -n ${namespace} rollback ${name} ${revision}`;
  return { severity: "error", message, remedy: `\`${command}\` applies the chart again`, runbook: "restore" };
}

/** What nobody declared. `kubectl` takes it away, for example `delete link -n linkerd-multicluster x`. */
export function undeclared(message: string, cluster: ClusterPlan, kubectl: string): Finding {
  const remedy = `declare it in the stack file, or \`${kubectlOf(cluster)} ${kubectl}\``;
  return { severity: "error", message, remedy, runbook: "undeclared" };
}

/** What no stack file decides: pods, networks, other people's objects. */
export function notWorking(message: string, remedy: string, severity: Severity = "error"): Finding {
  return { severity, message, remedy, runbook: "not-working" };
}

/** A kubeconfig given as a secret has no name of ours: its cluster's stands for it. */
export function contextOf(cluster: ClusterPlan): string {
  return cluster.context ?? cluster.name;
}

export function kubectlOf(cluster: ClusterPlan): string {
  return `kubectl --context ${contextOf(cluster)}`;
}

type Values<Reads> = { readonly [K in keyof Reads]: Reads[K] extends Read<infer T> ? T | undefined : never };

/** Judges what was read, `undefined` for what is missing. If a part could not be read, that is said instead. */
export function whenReadable<Reads extends Record<string, Read<unknown>>>(
  reads: Reads,
  judge: (values: Values<Reads>) => readonly Finding[],
): readonly Finding[] {
  const failures = Object.values(reads).flatMap((read) => (read.state === "failed" ? [read] : []));
  if (failures.length > 0) {
    return failures.slice(0, 1).map(({ why, message }) => ({
      severity: "unknown",
      message: why === "denied" ? `you may not read this: ${message}` : message,
      remedy:
        why === "denied"
          ? "run it with a user that may read this"
          : "see the check `the cluster answers`, in the stack that deploys it",
      runbook: "unreachable",
    }));
  }
  const values = Object.entries(reads).map(([key, read]) => [
    key,
    read.state === "found" ? read.value : undefined,
  ]);
  return judge(Object.fromEntries(values) as Values<Reads>);
}
