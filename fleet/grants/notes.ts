import { z } from "zod";
import { describeServices } from "../outputs/summary";
import type { Plan } from "../plan";

/** What the output `services` says of closed services and of narrowed local callers. */
const services = z.array(
  z.object({
    namespace: z.string(),
    name: z.string(),
    ports: z.record(z.string(), z.record(z.string(), z.enum(["granted", "closed"]))).default({}),
    narrowed: z
      .record(
        z.string(),
        z.object({ ports: z.array(z.union([z.string(), z.number()])), callers: z.array(z.string()) }),
      )
      .default({}),
  }),
);

interface Note {
  readonly service: string;
  readonly cluster: string;
  readonly text: string;
}

/** Whom the grants keep out, for people: of services for which the stack's last outputs do not say the same already. */
export function grantNotes(outputs: Readonly<Record<string, unknown>>, plan: Plan): string[] {
  const known = new Set(notesOf(services.safeParse(outputs.services).data ?? []).map(keyOf));
  const fresh = notesOf(services.parse(describeServices(plan))).filter((note) => !known.has(keyOf(note)));
  const alike = Map.groupBy(fresh, ({ service, text }) => `${service}\n${text}`);
  return [...alike.values()].flatMap((notes) =>
    notes.slice(0, 1).map(({ service, text }) => {
      const clusters = notes.map(({ cluster }) => cluster).join(", ");
      return `Service ${service} of ${clusters}: ${text}`;
    }),
  );
}

function notesOf(of: z.infer<typeof services>): Note[] {
  return of.flatMap(({ namespace, name, ports, narrowed }) => {
    const service = `${namespace}/${name}`;
    const closed = Object.keys(ports).filter((cluster) =>
      Object.values(ports[cluster] ?? {}).every((state) => state === "closed"),
    );
    return [
      ...closed.map((cluster) => ({
        service,
        cluster,
        text: "nobody from another cluster may call it: no `allow` in `services` names callers",
      })),
      ...Object.entries(narrowed).map(([cluster, { ports, callers }]) => {
        const others = callers.length === 0 ? "callers" : `callers other than ${callers.join(", ")}`;
        return {
          service,
          cluster,
          text: `its \`local\` cuts off ${others} of its own cluster, at port ${ports.join(", ")}`,
        };
      }),
    ];
  });
}

function keyOf({ service, cluster, text }: Note): string {
  return `${service}\n${cluster}\n${text}`;
}
