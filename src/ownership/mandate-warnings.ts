import { z } from 'zod';
import type { MandateTerms } from './mandate.ts';

/** What was done as asked and may not be what was meant. */
export const warningDocument = z
  .strictObject({ code: z.literal('band_without_ceiling'), path: z.string(), message: z.string() })
  .meta({ id: 'Warning' });

export type Warning = z.output<typeof warningDocument>;

/** Left out where there is none. */
export const warningsField = { warnings: z.array(warningDocument).exactOptional() };

/** A warning for each band that many small movements walk around: its limit is for single ones. */
export function withMandateWarnings<Document extends object>(
  document: Document,
  terms: MandateTerms | null,
): Document & { warnings?: Warning[] } {
  const warnings = (terms?.bands ?? []).flatMap(({ upTo, per = 'movement' }, place) => {
    if (upTo === undefined || per !== 'movement') return [];
    const message = `lets many movements of ${upTo} move any amount; "per": "day" or "month" makes it a ceiling`;
    return [{ code: 'band_without_ceiling' as const, path: `mandate.bands.${place}`, message }];
  });
  return warnings.length === 0 ? document : { ...document, warnings };
}
