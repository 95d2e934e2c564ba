import { decodeText } from "./decodeText";
import { isMap } from "./json";
import type { Problem } from "./problems";
import { readYaml } from "./readYaml";

/** The key of a stack file that names the file with the sections its fleet's stacks share. */
export const FLEET_FILE = "fleet";

/** A stack's values, those of the shared file included, and what is wrong with that file. */
export interface Gathered {
  readonly values: Readonly<Record<string, unknown>>;
  readonly problems: readonly Problem[];
  /** That file could not be read: what it holds is not missing. */
  readonly isUnread?: true;
}

/** Adds the sections of the shared file, if there is one. `read` throws where it cannot. */
export function gatherSections(
  values: Readonly<Record<string, unknown>>,
  read: (path: string) => Buffer,
): Gathered {
  const { [FLEET_FILE]: path, ...own } = values;
  if (path === undefined) return { values, problems: [] };
  const failed = (problem: string, fix: string): Gathered => ({
    values: own,
    problems: [{ path: FLEET_FILE, problem, fix }],
    isUnread: true,
  });
  if (typeof path !== "string")
    return failed("is not a path", "write it from Pulumi.yaml, for example fleet.yaml");
  let text: string | undefined;
  try {
    text = decodeText(read(path));
  } catch {
    return failed(`names ${path}, which cannot be read`, "write its path from Pulumi.yaml");
  }
  if (text === undefined) return failed(`names ${path}, which is no UTF-8 text`, "save the file as UTF-8");
  const { content: shared, problems } = readYaml(text);
  if (problems.length > 0) {
    const inFile = problems.map(({ path: at, ...rest }) => ({ path: `${path}, ${at}`, ...rest }));
    return { values: own, problems: inFile, isUnread: true };
  }
  if (!isMap(shared))
    return failed(`names ${path}, which holds no sections`, "write sections such as `clusters:`");
  const twice = Object.keys(shared).filter((key) => Object.hasOwn(own, key));
  return {
    values: { ...own, ...shared },
    problems: twice.map((key) => ({
      path: key,
      problem: `stands in the stack file and in ${path}`,
      fix: "keep one of them: what the stacks share in the file, what is one stack's own in its stack file",
    })),
  };
}

/** The namespace of this program in a stack's configuration, also in a project of another name. */
export const NAMESPACE = "linkerd-fleet";

const PREFIX = `${NAMESPACE}:`;

/** This program's part of a configuration, without its prefix. */
export function ownValues<T>(config: Readonly<Record<string, T>>): Record<string, T> {
  const own = Object.entries(config).filter(([key]) => key.startsWith(PREFIX));
  return Object.fromEntries(own.map(([key, value]) => [key.slice(PREFIX.length), value]));
}
