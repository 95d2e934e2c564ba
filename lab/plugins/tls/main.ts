import { type Plugin, type Resource, serve } from "../provider";
import { certificates } from "./certificates";
import { privateKey } from "./keys";

const resources: Record<string, Resource> = {
  "tls:index/privateKey:PrivateKey": privateKey,
  ...certificates,
};

/** The `tls` plugin: real keys and real X.509. */
export function tls(): Plugin {
  return { name: "tls", resource: (type) => resources[type] };
}

if (require.main === module) serve(tls());
