import { z } from "zod";

/** Bumped when the shape changes in a way that the reading stack must know. */
export const CROSS_STACK_SCHEMA = 1;

const text = z.string();
const credentials = z.object({
  serviceAccount: text,
  /** Generation of the token. */
  generation: z.number(),
  token: text,
  /** Base64 of PEM. */
  caData: text,
});
const issuer = z.object({
  /** Id of the anchor that signed it. */
  anchor: text,
  /** `generations.issuer` of its cluster. */
  generation: z.number(),
  certificatePem: text,
  privateKeyPem: text,
});
const schemaOfOutputs = z.object({
  schema: z.literal(CROSS_STACK_SCHEMA),
  /** The trust anchors that this stack owns. Their keys stay in it. */
  anchors: z.record(text, z.object({ certificatePem: text })).default({}),
  /** By cluster: the issuers that this stack signed for the others. */
  issuers: z.record(text, issuer).default({}),
  /** By cluster: the addresses of its gateway. */
  gateways: z.record(text, text).default({}),
  /** By target, then by source: the accesses for sources in other stacks. */
  accesses: z.record(text, z.record(text, credentials)).default({}),
  /** By target, then by source: the generations of the tokens that the links into other stacks use. */
  uses: z.record(text, z.record(text, z.number())).default({}),
  /** By target, then by source: the label values of services that the links into other stacks select by name. */
  selects: z.record(text, z.record(text, z.array(text))).default({}),
});

/**
 * The cross-stack outputs of one stack for the others of its fleet: its secret output `handover`. The name stays,
 * because stacks that were deployed with older versions read it.
 */
export type CrossStackOutputs = z.infer<typeof schemaOfOutputs>;
export type Credentials = z.infer<typeof credentials>;
export type SignedIssuer = z.infer<typeof issuer>;

/** `undefined`: the stack has no complete cross-stack outputs yet. `problem`: it has one that cannot be used. */
export type CrossStackOutputsRead =
  | { readonly crossStackOutputs: CrossStackOutputs | undefined; readonly problem?: undefined }
  | { readonly crossStackOutputs?: undefined; readonly problem: string };

/** Reads the outputs of another stack; `undefined` where there is no such stack yet. */
export function readCrossStack(
  outputs: Readonly<Record<string, unknown>> | undefined,
): CrossStackOutputsRead {
  const found = outputs?.handover;
  if (found === undefined || found === null) return { crossStackOutputs: undefined };
  const read = schemaOfOutputs.safeParse(found);
  if (read.success) return { crossStackOutputs: read.data };
  const version = z.object({ schema: z.number() }).safeParse(found);
  return version.success && version.data.schema !== CROSS_STACK_SCHEMA
    ? {
        problem: `hands over schema ${version.data.schema}, and this version of the program reads ${CROSS_STACK_SCHEMA}`,
      }
    : { problem: "hands over something this program cannot read" };
}
