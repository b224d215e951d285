import type { StatementFormat } from '../statement.ts';

/**
 * PDF, for people. It says how many pages there are, and has all entries attached for programs, so all of it is in
 * memory: hence its limit. What draws it takes its time to load, and most processes never need it.
 */
export const pdfFormat: StatementFormat = {
  mediaType: 'application/pdf',
  fileExtension: 'pdf',
  maxLines: 5_000,
  async *write(document, lines, options) {
    const { writePdf } = await import('./write-pdf.ts');
    yield* writePdf(document, lines, options);
  },
};
