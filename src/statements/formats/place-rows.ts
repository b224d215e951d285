/** A line of text in a cell. */
export interface CellLine {
  readonly text: string;
  readonly style: 'strong' | 'normal' | 'note';
}

/** A row of a table: a cell for each column. */
export interface Row {
  readonly cells: ReadonlyArray<readonly CellLine[]>;
  readonly height: number;
  /** What is carried to the next page when it comes after this row. */
  readonly carried?: readonly [carried: Row, brought: Row];
}

/** A table, of which the heading stands again on each page. */
export interface Table {
  readonly columns: readonly Column[];
  readonly heading: Row;
  readonly rows: readonly Row[];
}

export interface Column {
  readonly width: number;
  readonly align: 'left' | 'right';
}

/** A row at its place. What only repeats something is no part of the table to those who have it read aloud. */
export interface Placed {
  readonly table: Table;
  readonly row: Row;
  readonly kind: 'heading' | 'row' | 'repeated';
  readonly top: number;
}

/** Where pages begin and end. */
export interface Space {
  /** On the first page, below what stands there before the tables. */
  readonly firstTop: number;
  readonly top: number;
  readonly bottom: number;
  /** Between tables. */
  readonly gap: number;
}

/** Puts the rows of tables on pages, one below the other. A row is never parted, and must fit a page. */
export function placeRows(tables: readonly Table[], { firstTop, top, bottom, gap }: Space): Placed[][] {
  const pages: Placed[][] = [[]];
  let at = firstTop;
  const put = (table: Table, row: Row, kind: Placed['kind']) => {
    pages.at(-1)!.push({ table, row, kind, top: at });
    at += row.height;
  };
  const turnPage = () => {
    pages.push([]);
    at = top;
  };
  for (const table of tables) {
    const { heading, rows } = table;
    const needed = heading.height + (rows[0] ? roomFor(rows[0]) : 0);
    if (at + needed > bottom) turnPage();
    put(table, heading, 'heading');
    for (const [index, row] of rows.entries()) {
      if (at + roomFor(row) > bottom) {
        const [carried, brought] = rows[index - 1]?.carried ?? [];
        if (carried !== undefined) put(table, carried, 'repeated');
        turnPage();
        put(table, heading, 'repeated');
        if (brought !== undefined) put(table, brought, 'repeated');
      }
      put(table, row, 'row');
    }
    at += gap;
  }
  return pages;
}

/** The row, and what must follow it at the end of a page. */
const roomFor = ({ height, carried }: Row) => height + (carried?.[0].height ?? 0);
