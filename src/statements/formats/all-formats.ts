import type { StatementFormat } from '../statement.ts';
import { csvFormat } from './csv-format.ts';
import { jsonFormat } from './json-format.ts';

/** Every format, by the name that `?format=` takes. Of those that share a media type, `Accept` means the first. */
export const allFormats = {
  json: jsonFormat,
  csv: csvFormat,
} as const satisfies Readonly<Record<string, StatementFormat>>;

export type FormatName = keyof typeof allFormats;

export const formatNames = Object.keys(allFormats) as [FormatName, ...FormatName[]];
