import { nodeProblem } from "../fleet/neededVersions";

// Imported before all else. The engine loads the pack before the program, and shows what it printed.
const problem = nodeProblem(process.versions.node);
if (problem !== undefined) {
  console.error(problem);
  process.exit(1);
}
