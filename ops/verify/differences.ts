import { isMap } from "../../fleet/config/json";

/**
 * Where two pieces of plain data are not alike, as paths such as `probeSpec.port`; `""` is the whole. Fields that
 * hold nothing are as good as absent ones.
 */
export function differences(expected: unknown, actual: unknown, path = ""): string[] {
  if (isMap(expected) && isMap(actual)) {
    const keys = new Set([...Object.keys(expected), ...Object.keys(actual)]);
    return [...keys]
      .sort()
      .flatMap((key) => differences(expected[key], actual[key], path === "" ? key : `${path}.${key}`));
  }
  if (Array.isArray(expected) && Array.isArray(actual) && expected.length === actual.length) {
    return expected.flatMap((item, at) => differences(item, actual[at], `${path}[${at}]`));
  }
  return expected === actual ? [] : [path];
}
