import type { OutputRef } from "../config/common";
import { certificatesOf, isPair } from "./certificates";
import { type Access, accessOf, parseKubeconfig, type Result } from "./kubeconfig";

/**
 * Why the content of a kubeconfig that a stack stores cannot be used, or nothing. It stands in no folder: relative
 * paths in it lead nowhere.
 */
export function kubeconfigProblem(content: string, context: string | undefined): string | undefined {
  const parsed = parseKubeconfig(content);
  if ("problem" in parsed) return parsed.problem;
  const config = parsed.value;
  if (config.clusters.size === 0 || config.contexts.size === 0) {
    return "is no kubeconfig: it lists no clusters or no contexts";
  }
  const found = accessOf(config, context);
  if ("problem" in found) return found.problem;
  const { cluster, user } = found.value;
  const paths = [
    cluster["certificate-authority"],
    user["client-certificate"],
    user["client-key"],
    user.tokenFile,
  ];
  const relative = paths.find((path) => path && !isAbsolute(path));
  if (relative) return `names a file by a relative path (${relative}), which leads nowhere from a stack`;
  const command = user.exec?.command ?? "";
  if (/[/\\]/.test(command) && !isAbsolute(command)) {
    return `names an exec command by a relative path (${command}), which leads nowhere from a stack`;
  }
  return certificateProblem(found.value);
}

function certificateProblem({ cluster, user }: Access): string | undefined {
  const [authority, certificate, key] = [
    cluster["certificate-authority-data"],
    user["client-certificate-data"],
    user["client-key-data"],
  ].map((data) => (data ? Buffer.from(data, "base64").toString("utf8") : undefined));
  if (authority !== undefined && certificatesOf(authority).length === 0) {
    return "has certificate-authority-data that holds no PEM certificate";
  }
  return certificate !== undefined && key !== undefined && !isPair(certificate, key)
    ? "has client-certificate-data and client-key-data that do not belong together or cannot be read"
    : undefined;
}

/** The kubeconfig in an output of another stack: a text, or the map that some programs make. */
export function kubeconfigIn(
  outputs: Readonly<Record<string, unknown>> | undefined,
  { stack, output }: OutputRef,
  context: string | undefined,
): Result<string> {
  if (outputs === undefined) return { problem: `there is no stack ${stack}` };
  const found = outputs[output];
  if (found === undefined || found === null) {
    const names = Object.keys(outputs).join(", ");
    return { problem: `stack ${stack} has no output ${output}; it has ${names || "none"}` };
  }
  const content = typeof found === "string" ? found : JSON.stringify(found);
  const problem = kubeconfigProblem(content, context);
  return problem === undefined
    ? { value: content }
    : { problem: `the output ${output} of stack ${stack} ${problem}` };
}

/** On Linux and macOS, or on Windows. */
function isAbsolute(path: string): boolean {
  return /^(?:\/|[A-Za-z]:[\\/]|\\\\)/.test(path);
}
