import { parse } from "yaml";
import { z } from "zod";

const named = z.array(z.object({ name: z.string() }));
const kubeconfig = z.object({
  clusters: named,
  contexts: named,
  "current-context": z.string().optional(),
});

/** Why a kubeconfig cannot be used, or nothing. A parser's own words would quote it, with the credentials in it. */
export function kubeconfigProblem(content: string, context: string | undefined): string | undefined {
  let read: unknown;
  try {
    read = parse(content);
  } catch {
    return "cannot be read as YAML";
  }
  const parsed = kubeconfig.safeParse(read);
  if (!parsed.success) return "is no kubeconfig: it lists no clusters or no contexts";
  const { contexts, "current-context": current } = parsed.data;
  const wanted = context ?? current;
  if (!wanted) return "has no current context";
  return contexts.some(({ name }) => name === wanted) ? undefined : `has no context "${wanted}"`;
}
