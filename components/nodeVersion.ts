import { RunError } from "@pulumi/pulumi";
import { nodeProblem } from "../fleet/neededVersions";

// Imported before all else: an older Node.js fails in the other modules, with a stack trace.
const problem = nodeProblem(process.versions.node);
if (problem !== undefined) throw new RunError(problem);
