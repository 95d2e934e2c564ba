/** The oldest Node.js that runs the program, as `engines` of package.json says. */
export const NEEDED_NODE = "22.19.0";
/** The oldest Pulumi CLI that is known to run it: the one that every engine and lab test uses (docs/versions.md). */
export const NEEDED_PULUMI = "3.276.0";

/** Says in one line why a version of Node.js cannot run the program. */
export function nodeProblem(version: string): string | undefined {
  if (!isOlder(version, NEEDED_NODE)) return undefined;
  return `This program needs Node.js ${NEEDED_NODE} or later, and \`node\` on the PATH of \`pulumi\` is ${version}.`;
}

/** Says in one line why a version of the CLI, as `pulumi version` prints it, cannot run the program. */
export function pulumiProblem(version: string): string | undefined {
  const numbers = /^v?(\d+\.\d+\.\d+)/.exec(version)?.[1];
  if (numbers === undefined || !isOlder(numbers, NEEDED_PULUMI)) return undefined;
  return `This program needs the Pulumi CLI ${NEEDED_PULUMI} or later, and \`pulumi\` on PATH is ${numbers}.`;
}

/**
 * The oldest Linkerd whose policy controller knows `accessPolicy: audit` (linkerd2 #12846), as the channels number
 * their charts.
 */
const NEEDED_FOR_AUDIT = { edge: "2024.7.5", enterprise: "2.16.0" } as const;

/** The version that audits first, where this one is older. Others than the channels' are not judged. */
export function auditsSince(version: string): string | undefined {
  const [, major] = /^(\d+)\.\d+\.\d+/.exec(version) ?? [];
  if (major === undefined || Number(major) < 2) return undefined;
  const needed = NEEDED_FOR_AUDIT[Number(major) >= 2000 ? "edge" : "enterprise"];
  return isOlder(version, needed) ? needed : undefined;
}

/** Compares numbers between dots. */
export function isOlder(version: string, needed: string): boolean {
  return version.localeCompare(needed, "en", { numeric: true }) < 0;
}
