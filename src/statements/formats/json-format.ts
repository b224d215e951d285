import type { StatementFormat } from '../statement.ts';

/** JSON, the lines last, one on each line of the text. */
export const jsonFormat: StatementFormat = {
  mediaType: 'application/json; charset=utf-8',
  fileExtension: 'json',
  async *write(document, lines) {
    yield `${JSON.stringify(document).slice(0, -1)},"lines":[`;
    let separator = '\n';
    for await (const line of lines) {
      yield separator + JSON.stringify(line);
      separator = ',\n';
    }
    yield '\n]}\n';
  },
};
