import { z } from "zod";
import { addressProblem, ipProblem, type Told } from "./hosts";
import { CLUSTER_NAME, MAX_CLUSTER_NAME, MAX_LABEL, NAMESPACE_NAME, SERVICE_NAME } from "./names";
import { NETWORK_PATTERN, networkProblem } from "./networks";

/** Between what is wrong and what to write, in a schema message; `messages.ts` splits there. */
export const FIX = " → ";

/**
 * A string of one shape. The problem and its remedy are written together, beside the shape. `messages.ts` reports
 * wrong types, bounds, choices and keys for all settings.
 */
export function matching(pattern: RegExp, problem: string, fix: string): z.ZodString {
  return z.string().regex(pattern, problem + FIX + fix);
}

/**
 * A string that a function judges, because what people write there needs more than one remedy. `pattern` is what an
 * editor, which knows the JSON Schema only, can tell of it.
 */
export function judged(problemOf: (text: string) => Told | undefined, pattern?: string): z.ZodString {
  const schema = z.string().check((ctx) => {
    const told = problemOf(ctx.value);
    if (told) ctx.issues.push({ code: "custom", message: told.join(FIX), input: ctx.value, continue: true });
  });
  return pattern === undefined ? schema : schema.meta({ pattern });
}

export const clusterName = matching(
  CLUSTER_NAME,
  "is not a DNS label",
  "use lower-case letters, digits and dashes, starting with a letter and without dots",
).max(MAX_CLUSTER_NAME);

export const namespaceName = matching(
  NAMESPACE_NAME,
  "is not the name of a namespace",
  "use lower-case letters, digits and dashes, without dots",
).max(MAX_LABEL);

export const serviceName = matching(
  SERVICE_NAME,
  "is not the name of a Service",
  "use lower-case letters, digits and dashes, starting with a letter and without dots",
).max(MAX_LABEL);

/** DNS-1123 subdomain. */
export const DNS_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** A Kubernetes object of a kind without a rule of its own. */
export const objectName = matching(
  DNS_NAME,
  "is not the name of an object",
  "use lower-case letters, digits, dashes and dots",
).max(253);

export const stackName = matching(
  /^([\w.-]+\/[\w.-]+\/)?[\w.-]+$/,
  "is not the name of a stack",
  "write its name, or organization/project/stack if it is of another project",
);

/** A DNS name such as a trust domain or a cluster domain. */
export const domainName = matching(
  new RegExp(`^(?!.*[^.]{${MAX_LABEL + 1}})${DNS_NAME.source.slice(1)}`),
  "is not a DNS name",
  `use lower-case labels of at most ${MAX_LABEL} characters, joined by dots, for example cluster.local`,
).max(253);

/** A setting that names something in free text. */
export const text = z.string().min(1);

export const port = z.int().min(1).max(65535);

/** An IP address or a host name that the pods of the source clusters can resolve. */
export const address = judged(addressProblem, "^[^\\s,/@[\\]]+$");

export const ipAddress = judged(ipProblem);

/** One address or several. */
export const addresses = z
  .union([address, z.array(address).min(1)])
  .describe("an IP address or host name, or a list of them")
  .transform((value) => (typeof value === "string" ? [value] : value));

/** A network in CIDR notation. */
export const network = judged(networkProblem, NETWORK_PATTERN);

const SECRET_INLINE =
  "is not a reference to a secret" +
  FIX +
  "store it with `pulumi config set --secret linkerd-fleet:<key> < file` and write { secret: <key> } here";

const secretKey = matching(
  /^[A-Za-z0-9][-_.A-Za-z0-9]{0,62}$/,
  "is not the name of a configuration key",
  "use up to 63 letters, digits, dots, dashes and underscores, for example kubeconfig-eu",
).describe("Configuration key set with `pulumi config set --secret linkerd-fleet:<key>`");

/** A secret written in the place of a reference to it. */
const inline = (issue: { readonly code?: string | undefined }) =>
  issue.code === "invalid_type" ? SECRET_INLINE : undefined;

/**
 * A reference to a secret configuration value of this stack. Secrets are never written inside the structured
 * values: those are plain, appear in outputs and are compared in previews.
 */
export const secretRef = z.strictObject({ secret: secretKey }, { error: inline });
export type SecretRef = z.infer<typeof secretRef>;

/** An output of another Pulumi stack. */
export interface OutputRef {
  readonly stack: string;
  readonly output: string;
}

/** A secret of this stack, or an output of another one: what another program makes is not copied. */
export const secretOrOutputRef = z
  .strictObject(
    {
      secret: secretKey.optional(),
      stack: stackName
        .optional()
        .describe("Another Pulumi stack, as `organization/project/stack`, in place of `secret`"),
      output: matching(
        /^[A-Za-z_][-_.A-Za-z0-9]*$/,
        "is not the name of an output",
        "write it as `pulumi stack output` lists it, for example kubeconfig",
      )
        .optional()
        .describe("The output of `stack` that holds it"),
    },
    { error: inline },
  )
  .transform(({ secret, stack, output }, context): SecretRef | OutputRef => {
    const refuse = (problem: string, fix: string, path: string[] = []) => {
      context.addIssue({ code: "custom", message: problem + FIX + fix, path });
      return z.NEVER;
    };
    const other = stack ?? output;
    if (secret !== undefined && other === undefined) return { secret };
    if (secret !== undefined) return refuse("names a secret and another stack's output", "keep one of them");
    if (stack !== undefined && output !== undefined) return { stack, output };
    if (other === undefined) return refuse("names nothing", "write { secret: <key> } or { stack, output }");
    const missing = stack === undefined ? "stack" : "output";
    return refuse("is missing", `write { stack: organization/project/stack, output: kubeconfig }`, [missing]);
  });

/** Charts and releases are pinned: a range would let two previews of one commit differ. */
export const exactVersion = judged((text) => {
  const release = /^(?:edge-(\d\d\.\d+\.\d+)|stable-(\d+\.\d+\.\d+\S*))$/.exec(text);
  if (release) {
    const version = release[1] ? `20${release[1]}` : (release[2] ?? "");
    return ["is the name of a release, not the version of its charts", `write ${withoutZeros(version)}`];
  }
  if (!/^\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?$/.test(text)) {
    return [
      "is not one exact version: a range or `latest` would let two runs differ",
      "write all three numbers without a leading v, for example 2026.8.3",
    ];
  }
  if (!isSemantic(text)) {
    return [
      "has an ending that no chart version has",
      "write the version as the chart has it, for example 2.18.0-rc.1 or 2.18.0+build.1",
    ];
  }
  const plain = withoutZeros(text);
  return plain === text
    ? undefined
    : ["has a number that begins with 0, which no chart version has", `write ${plain}`];
}, "^\\d+\\.\\d+\\.\\d+");

/** What stands behind the three numbers is of parts that are not empty; a number there begins with no zero. */
function isSemantic(version: string): boolean {
  const [, before = "", after = ""] = /^[\d.]+(-[^+]*)?(\+.*)?$/.exec(version) ?? [];
  const parts = (text: string) => (text === "" ? [] : text.slice(1).split("."));
  const isPart = (part: string) => /^[0-9A-Za-z-]+$/.test(part);
  return parts(before).every((part) => isPart(part) && !/^0\d+$/.test(part)) && parts(after).every(isPart);
}

function withoutZeros(version: string): string {
  return version.replace(/^0+(?=\d)|(?<=^\d+\.)0+(?=\d)|(?<=^\d+\.\d+\.)0+(?=\d)/g, "");
}

/** Generation of a key or a token. The number itself means nothing: a change of it creates a new key or token. */
export const generation = z.int().min(1).max(1_000_000);

const LABEL_PART = "[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?";

/** The key of a label and the key of an annotation have one form. */
const LABEL_KEY = new RegExp(`^(?=[^/]{1,253}/|[^/]*$)(${DNS_NAME.source.slice(1, -1)}/)?${LABEL_PART}$`);

/** A name of the form of a label's key (apimachinery `validation.IsQualifiedName`). */
function qualified(problem: string): z.ZodString {
  return matching(
    LABEL_KEY,
    problem,
    "write a name of at most 63 letters, digits, dashes, dots and underscores, with or without a domain and a slash before",
  );
}

const keyOf = (what: string) => qualified(`is not the key of ${what}`);

/** Kubernetes `pkg/apis/core/validation/validation.go`, `ValidateLoadBalancerClassField`. */
export const loadBalancerClass = qualified("is not the name of a load balancer class");

/** Labels that objects of Kubernetes can have (apimachinery `validation.IsQualifiedName`, `IsValidLabelValue`). */
export const labels = z.record(
  keyOf("a label"),
  matching(
    new RegExp(`^(${LABEL_PART})?$`),
    "is not the value of a label",
    "use at most 63 letters, digits, dashes, dots and underscores, and begin and end with a letter or digit",
  ),
);

/** Annotations that objects of Kubernetes can have: any text under a key of the same form as a label's. */
export const annotations = z.record(keyOf("an annotation"), z.string());

/** Mirrored metadata key: `example.com/key`, or a whole group as `example.com/*`. */
export const metadataKey = matching(
  /^[A-Za-z0-9][-_.A-Za-z0-9]*(\/([A-Za-z0-9][-_.A-Za-z0-9]*|\*))?$/,
  "is not a label or annotation key",
  "write a key such as `example.com/team`, or a whole group as `example.com/*`",
);

export const mode = z.enum(["gateway", "flat", "federated"]);
/** How a service crosses: through the target's gateway, pod to pod, or as a member of a federated service. */
export type Mode = z.infer<typeof mode>;
