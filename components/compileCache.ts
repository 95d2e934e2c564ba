import { enableCompileCache } from "node:module";
import { join } from "node:path";

// Modules that one run compiled serve the next one: a third of a second of each. The folder is of the project, because
// anybody can write into Node's default, which is below the temporary folder. NODE_COMPILE_CACHE names another one.
enableCompileCache(join(__dirname, "../node_modules/.cache/compiled"));
