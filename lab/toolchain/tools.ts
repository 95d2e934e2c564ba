import fs from "node:fs";
import path from "node:path";
import { z } from "zod";

/** The programs that are built from Go modules. */
export type GoToolName =
  | "etcd"
  | "kube-apiserver"
  | "kube-controller-manager"
  | "kube-scheduler"
  | "kubectl"
  | "helm"
  | "kwokctl"
  | "kwok"
  | "pulumi-language-nodejs"
  | "pulumi"
  | "pulumi-resource-kubernetes";

/** One program: a main package, and the folder beside this file whose go.mod pins everything it is built from. */
export interface GoTool {
  readonly name: GoToolName;
  /** Folder with go.mod and go.sum. */
  readonly folder: string;
  /** The Go module that the program comes from; its version is the program's. */
  readonly module: string;
  /** Main package, relative to the module; `.` is the one in `folder`, which is of our own. */
  readonly main: string;
  /** Files of the module that the main package in `folder` embeds, by their names in it. */
  readonly embeds?: Readonly<Record<string, string>>;
  /** Link-time variables that give the program its version, from the versions that go.mod pins. */
  readonly variables?: (pinned: (module: string) => string) => Record<string, string>;
  /** Seconds a first build took on two cores, told to the user until this machine has a figure of its own. */
  readonly usualSeconds: number;
}

const kubernetesVariables = (
  packages: string[],
  names: [string, string],
  version: string,
): [string, string][] => {
  const numbers = version.replace(/^v/, "").split(".");
  return packages.flatMap((pkg) =>
    names.map((name, i): [string, string] => [`${pkg}.${name}`, numbers[i] ?? ""]),
  );
};

const kubernetes = (name: GoToolName, usualSeconds: number): GoTool => ({
  name,
  folder: path.join(__dirname, "cluster"),
  module: "k8s.io/kubernetes",
  main: `cmd/${name}`,
  // Without its version an API server calls itself 0.0.0, and charts refuse it.
  variables: (pinned) => {
    const version = pinned("k8s.io/kubernetes");
    const packages = ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"];
    return Object.fromEntries([
      ...packages.map((pkg) => [`${pkg}.gitVersion`, version]),
      ...kubernetesVariables(packages, ["gitMajor", "gitMinor"], version),
    ]);
  },
  usualSeconds,
});

const pulumi = (pinned: (module: string) => string, module: string): Record<string, string> => ({
  "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": pinned(module),
});

/**
 * The official kubernetes plugin. The last published module is a commit of January 2026, between 4.24 and 4.25; the
 * release archive of the plugin is what a stack downloads, so this is built only where the archive cannot be had.
 */
export const kubernetesPlugin: GoTool = {
  name: "pulumi-resource-kubernetes",
  folder: path.join(__dirname, "kubernetes-plugin"),
  module: "github.com/pulumi/pulumi-kubernetes/provider/v4",
  main: ".",
  embeds: {
    "schema.json": "cmd/pulumi-resource-kubernetes/schema.json",
    "terraform-mapping.json": "cmd/pulumi-resource-kubernetes/terraform-mapping.json",
  },
  // The engine warns in every run of a plugin that is older than the SDK asks for.
  variables: () => ({
    "github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version.Version": sdkVersion("kubernetes"),
  }),
  usualSeconds: 290,
};

/** The version of an SDK that the program uses; the engine asks for its plugin in the same one. */
export function sdkVersion(name: string): string {
  const manifest = fs.readFileSync(require.resolve(`@pulumi/${name}/package.json`), "utf8");
  return z.object({ version: z.string() }).parse(JSON.parse(manifest)).version;
}

/** In the order in which they are built: what is needed first, first. */
export const goTools: readonly GoTool[] = [
  {
    name: "etcd",
    folder: path.join(__dirname, "cluster"),
    module: "go.etcd.io/etcd/server/v3",
    main: "",
    usualSeconds: 29,
  },
  kubernetes("kube-apiserver", 117),
  kubernetes("kube-controller-manager", 35),
  kubernetes("kube-scheduler", 3),
  kubernetes("kubectl", 10),
  {
    name: "helm",
    folder: path.join(__dirname, "cluster"),
    module: "helm.sh/helm/v3",
    main: "cmd/helm",
    variables: (pinned) => ({
      "helm.sh/helm/v3/internal/version.version": pinned("helm.sh/helm/v3"),
      // The Kubernetes version that `helm template` and `helm lint` assume.
      ...Object.fromEntries(
        kubernetesVariables(
          ["helm.sh/helm/v3/pkg/chartutil", "helm.sh/helm/v3/pkg/lint/rules"],
          ["k8sVersionMajor", "k8sVersionMinor"],
          pinned("k8s.io/kubernetes"),
        ),
      ),
    }),
    usualSeconds: 12,
  },
  {
    name: "kwokctl",
    folder: path.join(__dirname, "cluster"),
    module: "sigs.k8s.io/kwok",
    main: "cmd/kwokctl",
    usualSeconds: 8,
  },
  {
    name: "kwok",
    folder: path.join(__dirname, "kwok"),
    module: "sigs.k8s.io/kwok",
    main: "cmd/kwok",
    usualSeconds: 54,
  },
  {
    name: "pulumi-language-nodejs",
    folder: path.join(__dirname, "language-nodejs"),
    module: "github.com/pulumi/pulumi/sdk/v3",
    main: "nodejs/cmd/pulumi-language-nodejs",
    variables: (pinned) => pulumi(pinned, "github.com/pulumi/pulumi/sdk/v3"),
    usualSeconds: 12,
  },
  {
    name: "pulumi",
    folder: path.join(__dirname, "pulumi"),
    module: "github.com/pulumi/pulumi/pkg/v3",
    main: "cmd/pulumi",
    variables: (pinned) => pulumi(pinned, "github.com/pulumi/pulumi/pkg/v3"),
    usualSeconds: 57,
  },
];

/** The version of a tool as its go.mod pins it, with the leading `v`. */
export function toolVersion(tool: GoTool): string {
  return pinnedVersion(tool.folder, tool.module);
}

/** The oldest Go that can build a tool. */
export function requiredGo(tool: GoTool): string {
  return inGoMod(tool.folder, /^go (\S+)/m, "go directive");
}

/** Arguments of `go` that build a tool to `output`; `overlay` is a file that says where embedded files lie. */
export function buildArguments(tool: GoTool, output: string, overlay?: string): string[] {
  const variables = tool.variables?.((module) => pinnedVersion(tool.folder, module)) ?? {};
  const linker = [
    "-s",
    "-w",
    ...Object.entries(variables).map(([name, value]) => `-X=${name}=${value}`),
  ].join(" ");
  return [
    "build",
    "-mod=readonly",
    "-trimpath",
    "-buildvcs=false",
    // No debug information: the linker leaves it out (-w), and compiling it takes a tenth of the time.
    "-gcflags=all=-dwarf=false",
    `-ldflags=${linker}`,
    ...(overlay === undefined ? [] : [`-overlay=${overlay}`]),
    "-o",
    output,
    mainPackage(tool),
  ];
}

function mainPackage({ module, main }: GoTool): string {
  return main === "." ? main : [module, main].filter(Boolean).join("/");
}

function pinnedVersion(folder: string, module: string): string {
  return inGoMod(
    folder,
    new RegExp(`^(?:require )?\\s*${module.replaceAll(".", "\\.")} (v\\S+)`, "m"),
    module,
  );
}

function inGoMod(folder: string, pattern: RegExp, what: string): string {
  const file = path.join(folder, "go.mod");
  const found = pattern.exec(fs.readFileSync(file, "utf8"))?.[1];
  if (found === undefined) throw new Error(`${file} has no ${what}`);
  return found;
}
