const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** An argument of the command line that is a UUID, undefined when it is missing or none. `argv[2]` is the first. */
export function readUuid(index: number): string | undefined {
  const argument = process.argv[index]?.trim();
  return argument !== undefined && uuid.test(argument) ? argument.toLowerCase() : undefined;
}
