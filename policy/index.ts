// First: an older Node.js fails in the others.
import "./nodeVersion";

import { PolicyPack } from "@pulumi/policy";
import { policiesOf } from "./pack";

new PolicyPack("linkerd-fleet", { policies: policiesOf(), enforcementLevel: "mandatory" });
