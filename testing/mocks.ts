import * as pulumi from "@pulumi/pulumi";
import { disableSdkStackTraces } from "../components/sdk";

/** A resource as the program registered it. */
export interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
  /** Names of the parents, from the outermost. */
  readonly parents: readonly string[];
  /** Types of the parents, in the same order, and its own: what the engine makes its URN of, with the name. */
  readonly types: readonly string[];
  /** Logical name of the provider, for custom resources of a cluster. */
  readonly provider: string | undefined;
  readonly protect: boolean;
  readonly deleteBeforeReplace: boolean;
  readonly ignoreChanges: readonly string[];
  /** Logical names of the resources given as `dependsOn`. */
  readonly dependsOn: readonly string[];
}

/** The key under which the SDK hides a secret in what it sends. */
export const SECRET_SIGNATURE = "4dabf18193072939515e22adb298388d";

export function isSecretInput(value: unknown): value is { value: unknown } {
  return typeof value === "object" && value !== null && SECRET_SIGNATURE in value;
}

/** Recognisable stand-ins for private material: no plain input may contain one. */
export const PLANTED = { privateKey: "PLANTED-PRIVATE-KEY", token: "PLANTED-TOKEN" } as const;

/**
 * Runs a program under the SDK's mocks and answers every resource in order of registration. `preview` makes what
 * a real provider computes unknown, as in a first preview.
 */
export async function runUnderMocks(
  program: () => void,
  options: { preview?: boolean } = {},
): Promise<Registered[]> {
  const registered: Registered[] = [];
  const options_ = new Map<
    string,
    Pick<Registered, "parents" | "types" | "protect" | "deleteBeforeReplace" | "ignoreChanges" | "dependsOn">
  >();
  const parentsOf = new Map<pulumi.Resource, readonly string[]>();
  const typesOf = new Map<pulumi.Resource, readonly string[]>();
  const preview = options.preview ?? false;
  let failure: unknown;
  const onRejection = (reason: unknown): void => {
    failure ??= reason;
  };
  process.on("unhandledRejection", onRejection);
  // As the program itself does: with them, the same takes more than twice as long.
  const { stackTraceLimit, prepareStackTrace } = Error;
  disableSdkStackTraces();

  await pulumi.runtime.setMocks(
    {
      newResource: (args) => {
        const known = options_.get(`${args.type}|${args.name}`);
        registered.push({
          type: args.type,
          name: args.name,
          inputs: args.inputs,
          provider: args.provider?.split("::").at(-2),
          parents: known?.parents ?? [],
          types: known?.types ?? [args.type],
          protect: known?.protect ?? false,
          deleteBeforeReplace: known?.deleteBeforeReplace ?? false,
          ignoreChanges: known?.ignoreChanges ?? [],
          dependsOn: known?.dependsOn ?? [],
        });
        return { id: `${args.name}-id`, state: { ...args.inputs, ...(preview ? {} : computed(args)) } };
      },
      call: (args) => args.inputs,
    },
    "linkerd-fleet",
    "test",
    preview,
    "organization",
  );
  await pulumi.runtime.runInPulumiStack(async () => {
    pulumi.runtime.registerStackTransformation(({ resource, type, name, opts }) => {
      const parents = opts.parent
        ? [...(parentsOf.get(opts.parent) ?? []), nameOf(opts.parent)].filter((parent) => parent !== "")
        : [];
      parentsOf.set(resource, parents);
      const types = [...((opts.parent && typesOf.get(opts.parent)) ?? []), type];
      typesOf.set(resource, types);
      const dependsOn = dependencies(opts.dependsOn);
      // Known before the resource is made: the SDK waits for it as well.
      if (pulumi.Output.isInstance(opts.dependsOn)) {
        const late: pulumi.Output<pulumi.ResourceOptions["dependsOn"]> = opts.dependsOn;
        late.apply((resources) => dependsOn.push(...dependencies(resources)));
      } else if (opts.dependsOn instanceof Promise) {
        void opts.dependsOn.then((resources) => dependsOn.push(...dependencies(resources)));
      }
      options_.set(`${type}|${name}`, {
        parents,
        types,
        protect: opts.protect ?? false,
        deleteBeforeReplace: "deleteBeforeReplace" in opts && opts.deleteBeforeReplace === true,
        ignoreChanges: opts.ignoreChanges?.map(String) ?? [],
        dependsOn,
      });
      return undefined;
    });
    program();
  });
  await pulumi.runtime.disconnect();
  Object.assign(Error, { stackTraceLimit, prepareStackTrace });
  process.off("unhandledRejection", onRejection);
  if (failure !== undefined) throw failure;

  // The mocks accept two resources of one name, the engine does not.
  const urns = registered.map(({ types, name }) => `${types.join("$")}::${name}`);
  const seen = new Set<string>();
  const twice = urns.filter((urn) => seen.size === seen.add(urn).size);
  if (twice.length > 0) throw new Error(`registered twice: ${twice.join(", ")}`);
  return registered;
}

function nameOf(resource: pulumi.Resource): string {
  return (resource as unknown as { __name?: string }).__name ?? "";
}

function dependencies(dependsOn: pulumi.ResourceOptions["dependsOn"]): string[] {
  if (dependsOn === undefined) return [];
  const list: unknown[] = Array.isArray(dependsOn) ? dependsOn : [dependsOn];
  return list.filter((item) => pulumi.Resource.isInstance(item)).map(nameOf);
}

/** What a provider would compute; without it the SDK drops dependents' inputs without an error. */
export function computed({ type, name, inputs }: pulumi.runtime.MockResourceArgs): Record<string, unknown> {
  switch (type) {
    case "tls:index/privateKey:PrivateKey": {
      const key = `${PLANTED.privateKey} ${name}`;
      return { privateKeyPem: key, privateKeyPemPkcs8: key, publicKeyPem: `public ${name}` };
    }
    case "tls:index/selfSignedCert:SelfSignedCert":
    case "tls:index/locallySignedCert:LocallySignedCert":
      return { certPem: `certificate ${name}\n` };
    case "tls:index/certRequest:CertRequest":
      return { certRequestPem: `request ${name}` };
    case "random:index/randomString:RandomString":
      return { result: "abc123" };
    case "kubernetes:core/v1:ServicePatch":
      return {
        spec: { ...inputs.spec, type: "LoadBalancer", selector: { app: inputs.metadata?.name ?? "" } },
        status: { loadBalancer: { ingress: [{ ip: "192.0.2.1" }, { hostname: `${name}.example.com` }] } },
      };
    case "kubernetes:apps/v1:DeploymentPatch": {
      const { name = "" } = inputs.metadata ?? {};
      return {
        spec: {
          selector: { matchLabels: { app: name } },
          template: { ...inputs.spec?.template, spec: { serviceAccountName: name } },
        },
        status: { availableReplicas: 1 },
      };
    }
    case "kubernetes:core/v1:Secret":
      return inputs.type === "kubernetes.io/service-account-token"
        ? {
            metadata: { ...inputs.metadata, creationTimestamp: "2020-01-01T00:00:00Z" },
            data: {
              token: Buffer.from(PLANTED.token).toString("base64"),
              "ca.crt": Buffer.from(`ca ${name}`).toString("base64"),
            },
          }
        : {};
    default:
      return {};
  }
}
