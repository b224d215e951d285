import pg from 'pg';

const { builtins } = pg.types;

/**
 * How column types arrive in JavaScript, where the driver's own ways would lose something: a date stays text (as a
 * Date it would move with the time zone), a bigint becomes a number and refuses to lose digits, a time that can't be
 * read is an error where the driver would answer null. NUMERIC arrives as text anyway.
 */
export const typeParsers: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    switch (oid) {
      case builtins.DATE:
        return parseDay;
      case builtins.INT8:
        return parseSafeInteger;
      case builtins.TIMESTAMP:
      case builtins.TIMESTAMPTZ:
        return parseTime;
      default:
        return pg.types.getTypeParser(oid, format as 'text');
    }
  }) as typeof pg.types.getTypeParser,
};

/** As ISO 8601 has it; another DateStyle would turn the day and the month round. */
function parseDay(text: string): string {
  if (!/^\d{4,}-\d\d-\d\d$/.test(text)) throw new RangeError(`${text} is not a day in ISO form`);
  return text;
}

const parseIsoTime = pg.types.getTypeParser(builtins.TIMESTAMPTZ, 'text') as (text: string) => Date | number | null;

function parseTime(text: string): Date {
  const time = parseIsoTime(text);
  if (!(time instanceof Date) || Number.isNaN(time.getTime()))
    throw new RangeError(`${text} is not a time in ISO form`);
  return time;
}

function parseSafeInteger(text: string): number {
  const value = Number.parseInt(text, 10);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} does not fit a JavaScript number`);
  return value;
}
