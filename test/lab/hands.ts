import { KubeConfig, type KubernetesObject, KubernetesObjectApi } from "@kubernetes/client-node";
import type { TestLab } from "./harness";

/** Takes a change back. */
export type Undo = () => Promise<unknown>;

/** Any object, for a test to change what it likes. */
export interface Manifest extends KubernetesObject {
  // biome-ignore lint/suspicious/noExplicitAny: a test reaches into kinds of every form
  [field: string]: any;
}

/** `v1 Secret linkerd/name`, `apps/v1 Deployment linkerd/name`, or without a namespace. */
export type ObjectId = `${string} ${string} ${string}`;

/** Somebody who works in the clusters of a lab behind the stack's back, and can put everything back. */
export class Hands {
  private readonly apis = new Map<string, KubernetesObjectApi>();

  constructor(private readonly lab: TestLab) {}

  read(cluster: string, id: ObjectId): Promise<Manifest> {
    return this.api(cluster).read(header(id)) as Promise<Manifest>;
  }

  async edit(cluster: string, id: ObjectId, change: (object: Manifest) => void): Promise<Undo> {
    const before = await this.read(cluster, id);
    const after = structuredClone(before);
    change(after);
    await this.api(cluster).replace(after);
    return async () => {
      const { resourceVersion } = (await this.read(cluster, id)).metadata ?? {};
      const { metadata } = before;
      const current = resourceVersion === undefined ? metadata : { ...metadata, resourceVersion };
      await this.api(cluster).replace({ ...before, ...(current && { metadata: current }) });
    };
  }

  async remove(cluster: string, id: ObjectId): Promise<Undo> {
    const before = await this.read(cluster, id);
    await this.api(cluster).delete(header(id));
    return () => this.api(cluster).create(unversioned(before));
  }

  async create(cluster: string, id: ObjectId, rest: Partial<Manifest>): Promise<Undo> {
    const { metadata, ...kind } = header(id);
    const object = { ...kind, ...rest, metadata: { ...metadata, ...rest.metadata } };
    await this.api(cluster).create(object);
    return () => this.api(cluster).delete(header(id));
  }

  private api(cluster: string): KubernetesObjectApi {
    const known = this.apis.get(cluster);
    if (known) return known;
    const config = new KubeConfig();
    config.loadFromFile(this.lab.lab.kubeconfig);
    config.setCurrentContext(cluster);
    const api = KubernetesObjectApi.makeApiClient(config);
    this.apis.set(cluster, api);
    return api;
  }
}

function header(id: ObjectId) {
  const [apiVersion = "", kind = "", path = ""] = id.split(" ");
  const [name = "", namespace] = path.split("/").reverse();
  return { apiVersion, kind, metadata: { name, ...(namespace === undefined ? {} : { namespace }) } };
}

function unversioned(object: Manifest): Manifest {
  const { resourceVersion, uid, creationTimestamp, managedFields, ...metadata } = object.metadata ?? {};
  return { ...object, metadata };
}
