import { randomUUID } from "node:crypto";
import type { Call, Created, Plugin, Resource } from "../../lab/standins/provider";
import { field, isProps, type Props, text, UNKNOWN, type Value } from "../../lab/standins/values";

/**
 * A `kubernetes` plugin without API servers, for measuring what the engine and the program cost. It echoes what it is
 * given: what is written exists in the state alone, nothing is waited for, no chart is rendered. Installed by the
 * bench only, into a PULUMI_HOME of its own.
 */
export const plugin: Plugin = {
  name: "kubernetes",
  resource: (type) => (type === "kubernetes:helm.sh/v3:Release" ? release : object),
};

const secretOf = ({ kind }: Props) => (kind === "Secret" ? { secret: ["data", "stringData"] } : {});
const idOf = ({ metadata }: Props) =>
  [field(metadata, "namespace"), field(metadata, "name")].filter(Boolean).join("/");

const object: Resource = {
  diff: (changes) =>
    changes.map((change) => ({
      ...change,
      replace: /^(apiVersion|kind|metadata\.(name|namespace)|type)$/.test(change.path),
    })),
  async create(inputs, call) {
    if (call.preview) return { id: "", outputs: previewOf(inputs), ...secretOf(inputs) };
    const metadata = {
      ...(inputs.metadata as Props),
      creationTimestamp: new Date().toISOString(),
      generation: 1,
      resourceVersion: "1",
      uid: randomUUID(),
    };
    return held({ ...inputs, ...filledIn(inputs, call), metadata });
  },
  update: async (news, state) => held(merged(state, news)),
};

function held(outputs: Props): Created {
  return { id: idOf(outputs), outputs, ...secretOf(outputs) };
}

/** The inputs, and as unknown what only an API server can say. */
function previewOf(inputs: Props): Props {
  const metadata = { ...(inputs.metadata as Props), uid: UNKNOWN, resourceVersion: UNKNOWN };
  const token = inputs.type === TOKEN || inputs.stringData !== undefined;
  return { ...inputs, metadata, status: UNKNOWN, ...(token && { data: UNKNOWN }) };
}

/** The state with the new inputs over it. */
function merged(state: Props, news: Props): Props {
  const over = (old: Value | undefined, value: Value | undefined, key: string) =>
    isProps(old) && isProps(value) && key !== "data" ? merged(old, value) : value;
  const changed = Object.entries(news).map(([key, value]) => [key, over(state[key], value, key)]);
  return { ...state, ...Object.fromEntries(changed) };
}

const TOKEN = "kubernetes.io/service-account-token";

/** What the control plane of a cluster would add, as far as the program reads it. */
function filledIn(inputs: Props, { type }: Call): Props {
  const patched = type.endsWith("Patch") ? { __fieldManager: "pulumi-kubernetes" } : {};
  switch (inputs.kind) {
    case "Namespace":
      return { status: { phase: "Active" } };
    case "Service":
      return {
        ...patched,
        spec: { ...(inputs.spec as Props), type: "LoadBalancer", selector: { app: idOf(inputs) } },
        status: { loadBalancer: { ingress: [{ ip: "192.0.2.1" }] } },
      };
    case "Secret":
      // As long as those of an API server are.
      return inputs.type === TOKEN
        ? { data: { token: base64("t", 900), "ca.crt": base64("c", 1100), namespace: base64("n", 1) } }
        : {};
    default:
      return patched;
  }
}

const base64 = (letter: string, count: number) => Buffer.from(letter.repeat(count)).toString("base64");

const release: Resource = {
  diff: (changes) =>
    changes.map((change) => ({ ...change, replace: /^(name|namespace)$/.test(change.path) })),
  async create(inputs, { preview }) {
    const id = `${text(inputs.namespace)}/${text(inputs.name)}`;
    const unknown = { status: UNKNOWN, resourceNames: UNKNOWN };
    return preview ? { id: "", outputs: { ...inputs, ...unknown } } : { id, outputs: deployed(inputs, 1) };
  },
  async update(news, state, { id }) {
    return { id, outputs: deployed(news, Number(field(state, "status", "revision")) + 1) };
  },
};

function deployed(inputs: Props, revision: number): Props {
  const { name, namespace, version } = inputs;
  return {
    ...inputs,
    resourceNames: {},
    status: { name, namespace, version, revision, status: "deployed" },
  };
}
