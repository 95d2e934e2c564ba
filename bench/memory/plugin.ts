import { randomUUID } from "node:crypto";
import { idOf } from "../../lab/plugins/kubernetes/client";
import { gvk, merged, previewOf } from "../../lab/plugins/kubernetes/fields";
import { kubernetes } from "../../lab/plugins/kubernetes/main";
import type { Call, Created, Plugin, Resource } from "../../lab/plugins/provider";
import { field, type Props, text, UNKNOWN } from "../../lab/plugins/values";

/**
 * The `kubernetes` stand-in without API servers, for measuring what the engine and the program cost. Arguments, checks and
 * differences are the stand-in's own, over the same protocol; what is written exists in this process and in the state.
 * Nothing is waited for, no chart is rendered. Installed by the bench alone, into a PULUMI_HOME of its own.
 */
function inMemory(plugin: Plugin): Plugin {
  return {
    ...plugin,
    resource(type) {
      const original = plugin.resource(type);
      return original && { ...original, ...(type === "kubernetes:helm.sh/v3:Release" ? release : object) };
    },
  };
}

type Writes = Pick<Resource, "create" | "update" | "read" | "delete">;

const secretOf = ({ kind }: Props) => (kind === "Secret" ? { secret: ["data"] } : {});

const object: Writes = {
  async create(inputs, call) {
    if (call.preview) return { id: "", outputs: previewOf(inputs), ...secretOf(inputs) };
    const written = {
      ...(inputs.metadata as Props),
      creationTimestamp: new Date().toISOString(),
      generation: 1,
      resourceVersion: "1",
      uid: randomUUID(),
    };
    return held({ ...inputs, ...filledIn(inputs, call), metadata: written });
  },
  async update(news, state) {
    return held(merged(state, news));
  },
  async read(inputs, state, call) {
    return { id: call.id, outputs: state, inputs: inputs ?? state, ...secretOf(state) };
  },
  async delete() {},
};

function held(outputs: Props): Created {
  return { id: idOf(outputs), outputs, ...secretOf(outputs) };
}

/** What the control plane of a cluster would add, as far as the program reads it. */
function filledIn(inputs: Props, call: Call): Props {
  const patched = call.type.endsWith("Patch") ? { __fieldManager: "pulumi-kubernetes" } : {};
  switch (gvk(inputs)) {
    case "v1/Namespace":
      return { status: { phase: "Active" } };
    case "v1/Service":
      return {
        ...patched,
        spec: { ...(inputs.spec as Props), type: "LoadBalancer", selector: { app: idOf(inputs) } },
        status: { loadBalancer: { ingress: [{ ip: "192.0.2.1" }] } },
      };
    case "v1/Secret":
      // As long as those of an API server are.
      return inputs.type === "kubernetes.io/service-account-token"
        ? {
            data: {
              token: base64("t".repeat(900)),
              "ca.crt": base64("c".repeat(1100)),
              namespace: base64("n"),
            },
          }
        : {};
    default:
      return patched;
  }
}

const base64 = (value: string) => Buffer.from(value).toString("base64");

const release: Writes = {
  async create(inputs, { preview }) {
    const id = `${text(inputs.namespace)}/${text(inputs.name)}`;
    const unknown = { status: UNKNOWN, resourceNames: UNKNOWN };
    return preview ? { id: "", outputs: { ...inputs, ...unknown } } : { id, outputs: deployed(inputs, 1) };
  },
  async update(news, state, { id }) {
    return { id, outputs: deployed(news, Number(field(state, "status", "revision")) + 1) };
  },
  async read(inputs, state, { id }) {
    return { id, outputs: state, inputs: inputs ?? state };
  },
  async delete() {},
};

function deployed(inputs: Props, revision: number): Props {
  const { name, namespace, version } = inputs;
  const status = { name, namespace, version, revision, status: "deployed" };
  return { ...inputs, resourceNames: {}, status };
}

export const plugin = inMemory(kubernetes());
