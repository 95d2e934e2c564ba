import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Problem } from "../fleet/config/problems";
import {
  type GatewayApiCrd,
  gatewayApiCrds,
  gatewayApiFiles,
  gatewayApiProblem,
} from "../fleet/linkerd/gatewayApi";
import type { Plan } from "../fleet/plan";

/** What is wrong with the files of `linkerd.gatewayApi`. `project`: the folder to which their paths are relative. */
export function gatewayApiProblems({ clusters }: Plan, project: string): Problem[] {
  return gatewayApiFiles(clusters).flatMap(
    ({ wanted, clusters }) => gatewayApiProblem(wanted, clusters, contentOf(project, wanted.file)) ?? [],
  );
}

const read = new Map<string, readonly GatewayApiCrd[]>();

/** The CRDs of a file or folder that was judged before. It is read once for all clusters. */
export function readGatewayApi(project: string, file: string): readonly GatewayApiCrd[] {
  const at = resolve(project, file);
  const crds = read.get(at) ?? gatewayApiCrds(contentOf(project, file) ?? "");
  read.set(at, crds);
  return crds;
}

/** Of a folder: its YAML files, one after the other. */
function contentOf(project: string, file: string): string | undefined {
  const at = resolve(project, file);
  try {
    if (!statSync(at).isDirectory()) return readFileSync(at, "utf8");
    const names = readdirSync(at).filter((name) => /\.ya?ml$/.test(name));
    return names
      .sort()
      .map((name) => readFileSync(join(at, name), "utf8"))
      .join("\n---\n");
  } catch {
    return undefined;
  }
}
