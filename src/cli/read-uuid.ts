import { validate } from 'uuid';

/** An argument of the command line that is a UUID, undefined when it is missing or none. `argv[2]` is the first. */
export function readUuid(index: number): string | undefined {
  const argument = process.argv[index]?.trim();
  return argument !== undefined && validate(argument) ? argument.toLowerCase() : undefined;
}
