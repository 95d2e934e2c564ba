import { z } from "zod";
import { TRUST_MARK } from "../../fleet/linkerd/values";
import { RESTART_MARK } from "../../fleet/restart/workloads";
import { ISSUER_SECRET } from "../../fleet/trust/objects";
import { isType, type Line, text } from "./lines";
import type { Step } from "./preview";

const ACCESS = "linkerd-fleet:access:Access";
const SECRET = "kubernetes:core/v1:Secret";
const CERTIFICATE = /^tls:index\/\w+:(SelfSignedCert|LocallySignedCert)$/;
const WORKLOAD_PATCH = /^kubernetes:apps\/v1:(Deployment|StatefulSet|DaemonSet)Patch$/;
/** The Secrets of an access's tokens, which belong to a generation each; the first has no number. */
const TOKEN = /^(.*)-token(-\d+)?$/;

/** Accesses and their tokens, certificates, issuers that this stack does not sign. */
export function rotations(steps: readonly Step[]): Line[] {
  const signed = new Set(
    steps.filter(({ type, op }) => CERTIFICATE.test(type) && op !== "delete").map(({ name }) => name),
  );
  const accesses = new Map(steps.filter(isType(ACCESS)).map((step) => [step.name, step]));
  return steps.flatMap((step): Line[] => {
    const { op, type, name } = step;
    if (type === ACCESS) return accessLine(step);
    const access = type === SECRET ? TOKEN.exec(name)?.[1] : undefined;
    // An access that is removed says so itself.
    if (access !== undefined && op === "delete" && accesses.get(access)?.op !== "delete") {
      return [{ text: `the old token of access ${access} is revoked` }];
    }
    if (access !== undefined && op === "replace") return [{ text: `token of access ${access} is replaced` }];
    if (isNewIssuer(step) && !signed.has(`${step.cluster}-issuer-certificate`)) {
      return [
        {
          text: `the issuer of ${step.cluster} is replaced by one that is given or that another stack signs`,
        },
      ];
    }
    if (CERTIFICATE.test(type) && (op === "replace" || op === "update")) {
      return [{ text: `certificate ${name} is renewed` }];
    }
    return [];
  });
}

function isNewIssuer({ op, type, after, changed }: Step): boolean {
  if (type !== SECRET || op !== "update" || !changed.includes("data")) return false;
  return named.safeParse(after).data?.metadata.name === ISSUER_SECRET;
}

function accessLine({ op, before, after }: Step): Line[] {
  const access = `access of ${text((after ?? before)?.source)} to ${text((after ?? before)?.target)}`;
  if (op === "delete") return [{ text: `${access} is revoked` }];
  const [was, is] = [before?.generation, after?.generation];
  if (op !== "update" || was === undefined || was === is) return [];
  return [
    { text: `${access} is rotated (generation ${was} → ${is}); its old token holds until the next update` },
  ];
}

/** Workloads that are not ours and restart: for new credentials, a new bundle or version, or as a gateway of the mesh. */
export function restarts(steps: readonly Step[]): Line[] {
  const patches = steps.flatMap(({ type, op, cluster, before, after }) => {
    const kind = WORKLOAD_PATCH.exec(type)?.[1];
    const inputs = workload.safeParse(after ?? before).data;
    if (kind === undefined || inputs === undefined) return [];
    const { metadata, spec } = inputs;
    const { [RESTART_MARK]: selected, [TRUST_MARK]: listed } = spec.template.metadata.annotations;
    // These stay in the cluster when they leave the state.
    if (op === "delete" && (selected ?? listed) !== undefined) return [];
    const name = selected === undefined ? metadata.name : `${kind} ${metadata.namespace}/${metadata.name}`;
    return [{ name, for: selected, cluster: text(cluster) }];
  });
  return [...Map.groupBy(patches, ({ name, for: reason }) => `${name} ${reason}`).values()].map((alike) => {
    const clusters = alike.map(({ cluster }) => cluster).join(", ");
    const [first] = alike;
    const reason = first?.for === undefined ? "" : ` (${first.for})`;
    return { text: `${first?.name} of ${clusters}${reason}` };
  });
}

const named = z.object({ metadata: z.object({ name: z.string() }) });
const workload = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string().default("") }),
  spec: z
    .object({
      template: z
        .object({ metadata: z.object({ annotations: z.record(z.string(), z.string()).default({}) }) })
        .default({ metadata: { annotations: {} } }),
    })
    .default({ template: { metadata: { annotations: {} } } }),
});
