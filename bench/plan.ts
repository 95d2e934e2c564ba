import { planFleet } from "../fleet/plan";
import { meshConfig } from "../testing/fleets";
import { peakMemory, print } from "./figure";

const config = meshConfig(300);
const start = performance.now();
const plan = planFleet(config);
print("plan a mesh of 300 clusters", (performance.now() - start) / 1000, "s", 2);
print("  links", plan.links.length, "links");
print("  memory of the whole process", peakMemory(), "MB", 500);
