import { describeServices } from "../outputs/describe";
import { outputsSchema, type RawOutputs, readOutput, type ServiceSummary } from "../outputs/schema";
import type { Plan } from "../plan";

interface Note {
  readonly service: string;
  readonly cluster: string;
  readonly text: string;
}

/** Whom the grants keep out, for people: of services for which the stack's last outputs do not say the same already. */
export function grantNotes(outputs: RawOutputs, plan: Plan): string[] {
  const known = new Set(notesOf(readOutput(outputs, "services") ?? []).map(keyOf));
  const fresh = notesOf(outputsSchema.shape.services.parse(describeServices(plan))).filter(
    (note) => !known.has(keyOf(note)),
  );
  const alike = Map.groupBy(fresh, ({ service, text }) => `${service}\n${text}`);
  return [...alike.values()].flatMap((notes) =>
    notes.slice(0, 1).map(({ service, text }) => {
      const clusters = notes.map(({ cluster }) => cluster).join(", ");
      return `Service ${service} of ${clusters}: ${text}`;
    }),
  );
}

function notesOf(of: readonly ServiceSummary[]): Note[] {
  return of.flatMap(({ namespace, name, ports = {}, narrowed = {} }) => {
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
