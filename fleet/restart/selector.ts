import type { Told } from "../config/hosts";

const NAME = "[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?";
const KEY = `([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?${NAME}`;
/** An empty value is one. */
const VALUE = `(${NAME})?`;
/** One requirement, as `labels.Parse` of k8s.io/apimachinery reads it. */
const REQUIREMENT = new RegExp(
  `^(${KEY}\\s*(=|==|!=)\\s*${VALUE}|${KEY}\\s+(in|notin)\\s*\\(\\s*${VALUE}(\\s*,\\s*${VALUE})*\\s*\\)|!?\\s*${KEY})$`,
);
const EXAMPLES = '"app=web", "tier in (web, api),!canary"';

/**
 * What is wrong with a label selector, as `kubectl get --selector` takes it. Comparisons of numbers (`>`, `<`) are for
 * node selectors only.
 */
export function selectorProblem(text: string): Told | undefined {
  if (text.trim() === "") return ["is empty", "leave it out to select all workloads of the namespace"];
  // Commas between parentheses separate values.
  const parts = text.split(/,(?![^(]*\))/).map((part) => part.trim());
  const wrong = parts.find((part) => !REQUIREMENT.test(part));
  if (wrong === undefined) return undefined;
  if (wrong === "") return ["has a comma too many", `write it as kubectl takes it, for example ${EXAMPLES}`];
  if (/^[^\s=!(]+:\s/.test(wrong)) {
    return ["is a map, not a label selector", `write key=value, for example ${EXAMPLES}`];
  }
  return ["is not a label selector", `write it as kubectl takes it, for example ${EXAMPLES}`];
}
