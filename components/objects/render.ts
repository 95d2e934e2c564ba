import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { FleetObject, ObjectPatch, OwnObject } from "../../fleet/objects/object";
import type { ResourceName } from "../../fleet/objects/resourceNames";
import type { Values } from "../../fleet/objects/values";

/** Late values as a preview has them. */
export interface Inputs extends Values {
  readonly text: pulumi.Input<string>;
  readonly labels: pulumi.Input<Record<string, string>>;
}

type Options = pulumi.CustomResourceOptions;

/** The resources of a list of objects. */
export class Rendered {
  constructor(private readonly resources: ReadonlyMap<string, pulumi.CustomResource>) {}

  get all(): pulumi.CustomResource[] {
    return [...this.resources.values()];
  }

  /** The resource of one object, as the class of its kind. */
  get<T extends pulumi.CustomResource>(id: string, kind: abstract new (...args: never[]) => T): T {
    const resource = this.resources.get(id);
    if (!(resource instanceof kind)) throw new Error(`the list holds no ${kind.name} '${id}'`);
    return resource;
  }
}

/**
 * Makes a resource of each object, called `<name>-<id>` or as `nameOf` says; what is given as `dependsOn` comes
 * before them all. This is the one place that makes Kubernetes resources, besides Helm releases.
 */
export function renderObjects(
  name: string,
  objects: readonly FleetObject<Inputs>[],
  options: Options | ((object: FleetObject<Inputs>) => Options),
  nameOf: (id: string) => ResourceName = (id) => ({ name: dashed(name, id) }),
): Rendered {
  const made = new Map<string, pulumi.CustomResource>();
  for (const object of objects) {
    const own = typeof options === "function" ? options(object) : options;
    const before = (object.after ?? []).map((id) => {
      const resource = made.get(id);
      if (!resource) throw new Error(`${name}-${object.id} comes after '${id}', which is not before it`);
      return resource;
    });
    if (made.has(object.id)) throw new Error(`${name}-${object.id} is in the list twice`);
    const called = {
      ...nameOf(object.id),
      ...(object.was === undefined ? {} : { alias: dashed(name, object.was) }),
    };
    const ordered = before.length === 0 ? own : pulumi.mergeOptions(own, { dependsOn: before });
    const opts = called.alias === undefined ? ordered : pulumi.mergeOptions(ordered, aliasOf(called));
    const resource = object.patch
      ? makePatch(called.name, object, opts)
      : makeObject(called.name, object, opts);
    made.set(object.id, resource);
  }
  return new Rendered(made);
}

function dashed(name: string, id: string): string {
  return `${name}-${id.replaceAll("/", "-")}`;
}

/** Options of a resource whose name was another one before. `suffix`: what both names end with. */
export function aliasOf({ alias }: ResourceName, suffix = ""): { readonly aliases?: pulumi.Alias[] } {
  return alias === undefined ? {} : { aliases: [{ name: alias + suffix }] };
}

/**
 * The classes of Kubernetes' own kinds know the types that they had before; every other kind is a custom resource.
 */
function makeObject(name: string, object: OwnObject<Inputs>, opts: Options): pulumi.CustomResource {
  const { id: _, was: _was, after: __, patch: ___, ...args } = object;
  switch (args.kind) {
    case "ConfigMap":
      return new kubernetes.core.v1.ConfigMap(name, args, opts);
    case "Namespace":
      return new kubernetes.core.v1.Namespace(name, args, opts);
    case "Secret":
      return new kubernetes.core.v1.Secret(name, args, opts);
    case "ServiceAccount":
      return new kubernetes.core.v1.ServiceAccount(name, args, opts);
    case "ClusterRole":
      return new kubernetes.rbac.v1.ClusterRole(name, args, opts);
    case "ClusterRoleBinding":
      return new kubernetes.rbac.v1.ClusterRoleBinding(name, args, opts);
    case "NetworkPolicy":
      return new kubernetes.networking.v1.NetworkPolicy(name, args, opts);
    case "ValidatingAdmissionPolicy":
      return new kubernetes.admissionregistration.v1.ValidatingAdmissionPolicy(name, args, opts);
    case "ValidatingAdmissionPolicyBinding":
      return new kubernetes.admissionregistration.v1.ValidatingAdmissionPolicyBinding(name, args, opts);
    default:
      return new kubernetes.apiextensions.CustomResource(name, args, opts);
  }
}

function makePatch(name: string, object: ObjectPatch<Inputs>, opts: Options): pulumi.CustomResource {
  const { id: _, was: _was, after: __, patch: ___, ...args } = object;
  switch (args.kind) {
    case "Namespace":
      return new kubernetes.core.v1.NamespacePatch(name, args, opts);
    case "Service":
      return new kubernetes.core.v1.ServicePatch(name, args, opts);
    case "Deployment":
      return new kubernetes.apps.v1.DeploymentPatch(name, args, opts);
    case "StatefulSet":
      return new kubernetes.apps.v1.StatefulSetPatch(name, args, opts);
    case "DaemonSet":
      return new kubernetes.apps.v1.DaemonSetPatch(name, args, opts);
    default:
      return new kubernetes.apiextensions.CustomResourcePatch(name, args, opts);
  }
}
