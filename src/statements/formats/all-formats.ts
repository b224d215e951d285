import type { StatementFormat } from '../statement.ts';
import { beancountFormat } from './beancount-format.ts';
import { camt052Format, camt053Format } from './camt-format.ts';
import { csvFormat } from './csv-format.ts';
import { journalFormat } from './journal-format.ts';
import { jsonFormat } from './json-format.ts';
import { mt940Format } from './mt940-format.ts';
import { ofxFormat } from './ofx-format.ts';
import { pdfFormat } from './pdf-format.ts';

/** Every format, by the name that `?format=` takes. Of those that share a media type, `Accept` means the first. */
export const allFormats = {
  json: jsonFormat,
  csv: csvFormat,
  'camt.053': camt053Format,
  'camt.052': camt052Format,
  mt940: mt940Format,
  ofx: ofxFormat,
  journal: journalFormat,
  beancount: beancountFormat,
  pdf: pdfFormat,
} as const satisfies Readonly<Record<string, StatementFormat>>;

export type FormatName = keyof typeof allFormats;

export const formatNames = Object.keys(allFormats) as [FormatName, ...FormatName[]];
