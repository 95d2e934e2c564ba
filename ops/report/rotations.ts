import { z } from "zod";
import { ISSUER_SECRET } from "../../fleet/trust/objects";
import { isType, type Line, text } from "./lines";
import type { Step } from "./preview";

const ACCESS = "linkerd-fleet:access:Access";
const SECRET = "kubernetes:core/v1:Secret";
const CERTIFICATE = /^tls:index\/\w+:(SelfSignedCert|LocallySignedCert)$/;
const DEPLOYMENT_PATCH = "kubernetes:apps/v1:DeploymentPatch";
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

/** Deployments that are not ours and restart: for new credentials, a new bundle, or as a gateway of the mesh. */
export function restarts(steps: readonly Step[]): Line[] {
  const patches = steps.filter(isType(DEPLOYMENT_PATCH)).flatMap(({ cluster, before, after }) => {
    const inputs = named.safeParse(after ?? before);
    return inputs.success ? [{ deployment: inputs.data.metadata.name, cluster: text(cluster) }] : [];
  });
  return [...Map.groupBy(patches, ({ deployment }) => deployment)].map(([deployment, alike]) => ({
    text: `${deployment} of ${alike.map(({ cluster }) => cluster).join(", ")}`,
  }));
}

const named = z.object({ metadata: z.object({ name: z.string() }) });
