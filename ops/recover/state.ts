import { z } from "zod";

/**
 * What an interrupted engine leaves in the state, and what becomes of it. The engine notes what it is about to
 * create; killed before the answer it does not know whether the object is there. Importing a state drops these notes,
 * so each becomes a mark on a resource first, and marks are settled when its cluster has been asked.
 */

const text = z.string();
const resource = z.looseObject({
  urn: text,
  type: text,
  custom: z.boolean().optional(),
  id: text.optional(),
  delete: z.boolean().optional(),
  protect: z.boolean().optional(),
  provider: text.optional(),
  inputs: z.record(text, z.unknown()).optional(),
  outputs: z.record(text, z.unknown()).optional(),
  initErrors: z.array(text).optional(),
  dependencies: z.array(text).optional(),
  propertyDependencies: z.record(text, z.array(text).nullable()).optional(),
});
export type Resource = z.infer<typeof resource>;

/** What `pulumi stack export` prints. */
export const exported = z.looseObject({
  deployment: z.looseObject({
    resources: z.array(resource).optional(),
    pending_operations: z.array(z.looseObject({ resource, type: text })).optional(),
  }),
});
export type State = z.infer<typeof exported>;

/** Interrupted, and nobody asked the cluster yet. States hold it: what follows these words may differ by version. */
const INTERRUPTED = "interrupted by the end of the engine; ";
const OPEN = `${INTERRUPTED}\`npx fleet recover\` settles it`;
/**
 * A resource with such an error is updated by the next `up` even if nothing changed: that is how it gets its outputs.
 */
const SETTLED = "was interrupted by the end of the engine; the next update completes it";

const RELEASE = "kubernetes:helm.sh/v3:Release";

/** Something of a cluster of which the state does not know how far it came. */
export type Unsettled = {
  readonly urn: string;
  /** Of the Kubernetes provider. */
  readonly provider: string;
  readonly namespace: string | undefined;
  readonly name: string;
} & (
  | { readonly is: "object"; readonly apiVersion: string; readonly kind: string }
  /** `known`: the state knew it before, so what was interrupted is an upgrade. */
  | { readonly is: "release"; readonly known: boolean }
);

/** What its cluster says. */
export type Interruption =
  /** The object is there; `manager` owns its fields. */
  | { readonly found: "object"; readonly manager: string | undefined }
  /** Helm's records of the release that must go, so that Helm works on it again. */
  | { readonly found: "records"; readonly records: readonly string[]; readonly status: string }
  | { readonly found: "nothing" }
  | { readonly found: "unknown"; readonly why: string };

/** The logical name, the last part of a URN. */
export function nameOf(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

/** The operations that were interrupted, as a person reads them. */
export function interruptedIn({ deployment }: State): string[] {
  return (deployment.pending_operations ?? []).map(({ type, resource: { urn } }) => `${type} ${nameOf(urn)}`);
}

/**
 * The state without pending operations: those that may have left something in a cluster are marked resources, the
 * others (keys, random names, patches, deletions) the engine does again without harm.
 */
export function markInterrupted(state: State): State {
  const resources = [...(state.deployment.resources ?? [])];
  for (const { type, resource } of state.deployment.pending_operations ?? []) {
    const at = resources.findIndex(({ urn, delete: old }) => urn === resource.urn && !old);
    const before = resources[at];
    if (type === "updating" && resource.type === RELEASE && before) {
      resources[at] = { ...before, initErrors: [OPEN] };
    }
    if (type !== "creating" || !mayBeThere(resource)) continue;
    // A replacement: what it replaces is deleted after it.
    if (before) resources[at] = { ...before, delete: true };
    const { namespace, name } = place(resource);
    const id = namespace === undefined ? name : `${namespace}/${name}`;
    resources.push({ ...resource, id, outputs: outputsOf(resource), initErrors: [OPEN] });
  }
  const { pending_operations: _, ...deployment } = state.deployment;
  return { ...state, deployment: { ...deployment, resources } };
}

/**
 * As the provider would have answered. It compares with `__inputs`: without them an object has no namespace for it,
 * and it deletes the object to make it again (pulumi-kubernetes `provider/pkg/provider/provider.go`,
 * `parseCheckpointObject`).
 */
function outputsOf({ type, inputs = {} }: Resource): Record<string, unknown> {
  return type === RELEASE
    ? { ...inputs }
    : { ...inputs, __inputs: inputs, __initialApiVersion: inputs.apiVersion };
}

function mayBeThere({ type }: Resource): boolean {
  return type.startsWith("kubernetes:") && !type.endsWith("Patch");
}

export function unsettledIn({ deployment }: State): Unsettled[] {
  return (deployment.resources ?? []).filter(isOpen).map((resource) => {
    const { urn, provider = "", type, inputs = {}, outputs = {} } = resource;
    const at = { urn, provider, ...place(resource) };
    // Only an answer of the provider has a status.
    if (type === RELEASE) return { ...at, is: "release", known: outputs.status !== undefined };
    return { ...at, is: "object", apiVersion: String(inputs.apiVersion), kind: String(inputs.kind) };
  });
}

/** The state once clusters have been asked: `findings` by URN. What is not known stays marked. */
export function settle(state: State, findings: ReadonlyMap<string, Interruption>): State {
  const gone = new Set<string>();
  const settled = (state.deployment.resources ?? []).map((resource) => {
    const finding = isOpen(resource) ? findings.get(resource.urn) : undefined;
    if (!finding || finding.found === "unknown") return resource;
    const known = resource.type === RELEASE && resource.outputs?.status !== undefined;
    if (finding.found !== "object" && !known) {
      gone.add(resource.urn);
      return undefined;
    }
    const manager = finding.found === "object" ? finding.manager : undefined;
    const outputs = { ...resource.outputs, ...(manager === undefined ? {} : { __fieldManager: manager }) };
    return { ...resource, outputs, initErrors: [SETTLED] };
  });
  const resources = settled
    .filter((resource) => resource !== undefined)
    // Its replacement was not created.
    .map((resource) => (gone.has(resource.urn) ? { ...resource, delete: false } : resource));
  return { ...state, deployment: { ...state.deployment, resources } };
}

function isOpen({ initErrors = [] }: Resource): boolean {
  return initErrors.some((error) => error.startsWith(INTERRUPTED));
}

function place({ type, inputs = {} }: Resource): { namespace: string | undefined; name: string } {
  const of = z.object({ name: text, namespace: text.optional() });
  const { name, namespace } = of.parse(type === RELEASE ? inputs : inputs.metadata);
  return { name, namespace };
}

/** How the state's Kubernetes providers reach their clusters, by the reference that resources hold. */
export interface ProviderAccess {
  readonly cluster: string;
  readonly context: string | undefined;
  /** Content; `undefined` is the machine's own. */
  readonly kubeconfig: string | undefined;
}

/** Of a state with its secrets decrypted. */
export function providersIn({ deployment }: State): Map<string, ProviderAccess> {
  const providers = (deployment.resources ?? []).filter(({ type }) => type === "pulumi:providers:kubernetes");
  return new Map(
    providers.map(({ urn, id, inputs }) => {
      const { context, kubeconfig } = access.parse(inputs ?? {});
      // The SDK writes $KUBECONFIG down: paths, which are those of the machine that ran the engine.
      const content = kubeconfig !== undefined && /[\n{]/.test(kubeconfig) ? kubeconfig : undefined;
      return [`${urn}::${id}`, { cluster: nameOf(urn), context, kubeconfig: content }];
    }),
  );
}

const secret = z.object({ plaintext: text }).transform(({ plaintext }) => JSON.parse(plaintext) as unknown);
const access = z.object({
  context: text.optional(),
  kubeconfig: z.union([text, secret.pipe(text)]).optional(),
});
