import { validate } from 'uuid';

/** An argument of the command line that is a UUID, undefined when it is missing or none. */
export function readUuid(argument: string | undefined): string | undefined {
  const text = argument?.trim();
  return text !== undefined && validate(text) ? text.toLowerCase() : undefined;
}
