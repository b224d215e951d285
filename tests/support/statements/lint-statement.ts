import { parseSync } from 'libpg-query';
import { ledgerTables } from './ledger-tables.ts';
import { isParameter, nameOf, partsOf, type Tree, tree, trees, walk } from './syntax-tree.ts';

/** What a statement must not do on a database whose ledgers live on several nodes (docs/distributed.md). */
export type Rule = 'ledger' | 'volatile' | 'subscript' | 'insert-from-cte';

export interface Finding {
  readonly rule: Rule;
  readonly problem: string;
}

/**
 * Answered by each node for itself, and for a write by the node that plans it instead of the one that has the rows.
 */
const volatile = new Set([
  ...['now', 'clock_timestamp', 'statement_timestamp', 'transaction_timestamp', 'timeofday'],
  ...['random', 'gen_random_uuid', 'uuidv7', 'nextval', 'currval', 'lastval', 'setval', 'set_config'],
  ...['pg_current_xact_id', 'txid_current', 'pg_current_snapshot', 'txid_current_snapshot', 'pg_snapshot_xmax'],
]);

const writes = ['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt'];

/** Everything that is wrong with a statement. `libpg-query` must be loaded. */
export function lintStatement(text: string): Finding[] {
  const findings: Finding[] = [];
  const report = (rule: Rule, problem: string) => void findings.push({ rule, problem });
  const parsed = parseSync(text) as unknown as Tree;
  for (const { stmt } of trees(parsed.stmts)) {
    const statement = tree(stmt);
    const [kind] = Object.keys(statement);
    if (!['SelectStmt', ...writes].includes(kind!)) continue;
    const parts = [...walk(statement)];
    for (const { kind, node } of parts) lintLevel(kind, node, report);
    if (parts.some(({ kind }) => writes.includes(kind))) lintWrite(parts, report);
    else lintRead(parts, report);
  }
  return findings;
}

type Report = (rule: Rule, problem: string) => void;
type Part = { readonly kind: string; readonly node: Tree };

/** One SELECT, or one write: the tables that it names itself, not those of the queries within it. */
function lintLevel(kind: string, node: Tree, report: Report): void {
  if (kind === 'InsertStmt') lintInsert(node, report);
  else if (kind === 'SelectStmt' || writes.includes(kind)) {
    for (const table of unboundTables(node)) {
      report('ledger', `compares the ${ledgerTables.get(table)!.key} of ${table} with no parameter`);
    }
  }
}

/** Tables of ledgers that a query reads or changes without saying by a parameter of which ledger. */
function unboundTables(query: Tree): string[] {
  const { relations, conditions } = partsOf(query);
  const bound = new Set(conditions.map(comparedWithParameter));
  return relations.flatMap(({ table, alias, conditions: ofJoin }) => {
    const known = ledgerTables.get(table);
    if (known === undefined) return [];
    const all = new Set([...bound, ...ofJoin.map(comparedWithParameter)]);
    return all.has(`${alias}.${known.key}`) || all.has(`.${known.key}`) ? [] : [table];
  });
}

/** Which column a condition compares with a parameter: `alias.column`, or `.column` without an alias. */
function comparedWithParameter(condition: Tree): string | undefined {
  const expression = tree(condition.A_Expr);
  if (expression.kind !== 'AEXPR_OP' || nameOf(trees(expression.name).at(-1)) !== '=') return undefined;
  const sides = [tree(expression.lexpr), tree(expression.rexpr)];
  if (!sides.some(isParameter)) return undefined;
  const column = sides.find((side) => side.ColumnRef !== undefined);
  const names = trees(tree(column?.ColumnRef).fields).map(nameOf);
  return `${names.at(-2) ?? ''}.${names.at(-1)}`;
}

function lintInsert(insert: Tree, report: Report): void {
  const table = `${tree(insert.relation).relname}`;
  const known = ledgerTables.get(table);
  if (known === undefined) return;
  const columns = trees(insert.cols).map((column) => tree(column.ResTarget).name);
  const query = tree(tree(insert.selectStmt).SelectStmt);
  const at = columns.indexOf(known.key);
  const rows = trees(query.valuesLists).map((row) => trees(tree(row.List).items));
  const ofRows =
    rows.length > 0 ? rows.map((row) => tree(row[at])) : [tree(tree(trees(query.targetList)[at]).ResTarget)];
  const values = rows.length > 0 ? ofRows : ofRows.map((target) => tree(target.val));
  if (at < 0 || !values.every((value) => isParameter(value) || isOfLedger(value, query))) {
    report('ledger', `inserts into ${table} with a ${known.key} that is no parameter`);
  }
  for (const column of known.volatileDefaults) {
    const position = columns.indexOf(column);
    if (position < 0 || rows.some((row) => tree(row[position]).SetToDefault !== undefined)) {
      report('volatile', `leaves ${table}.${column} to its default, which is a clock or a sequence`);
    }
  }
}

/** Of rows that are read from a ledger's table: which ledger that is, its own query says by a parameter. */
function isOfLedger(value: Tree, query: Tree): boolean {
  const [alias, column] = trees(tree(value.ColumnRef).fields).map(nameOf);
  return partsOf(query).relations.some(
    (relation) => relation.alias === alias && ledgerTables.get(relation.table)?.key === column,
  );
}

/** A clock or a transaction id is that of the ledger's node only if it is asked for with a row of the ledger. */
function lintRead(parts: readonly Part[], report: Report): void {
  const isOfLedger = parts.some(({ kind, node }) => kind === 'RangeVar' && ledgerTables.has(`${node.relname}`));
  for (const called of isOfLedger ? [] : volatileCalls(parts)) {
    report('volatile', `calls ${called} and reads no table of a ledger`);
  }
}

/** A statement that changes something, in one of its parts at least. */
function lintWrite(parts: readonly Part[], report: Report): void {
  for (const called of volatileCalls(parts)) report('volatile', `calls ${called} in a write`);
  const commonTables = new Set<unknown>();
  for (const { kind, node } of parts) {
    if (kind === 'CommonTableExpr') {
      commonTables.add(node.ctename);
      if (tree(node.ctequery).InsertStmt !== undefined) report('insert-from-cte', `inserts in the CTE ${node.ctename}`);
    }
    if (kind === 'UpdateStmt') lintSet(node.targetList, report);
    if (kind === 'OnConflictClause') lintSet(node.targetList, report);
  }
  for (const { kind, node } of parts) {
    if (kind !== 'InsertStmt') continue;
    const { relations } = partsOf(tree(tree(node.selectStmt).SelectStmt));
    for (const { table } of relations) {
      if (commonTables.has(table)) report('insert-from-cte', `inserts from the CTE ${table}`);
    }
  }
}

function volatileCalls(parts: readonly Part[]): string[] {
  return parts.flatMap(({ kind, node }) => {
    // current_timestamp and the like; current_user is one of them, and steady.
    if (kind === 'SQLValueFunction') return /TIME|DATE/.test(`${node.op}`) ? [`${node.op}`] : [];
    const called = kind === 'FuncCall' ? nameOf(trees(node.funcname).at(-1)) : '';
    return volatile.has(called) ? [called] : [];
  });
}

function lintSet(targets: unknown, report: Report): void {
  for (const target of trees(targets)) {
    const isSubscript = [...walk(target)].some(({ kind }) => kind === 'A_Indices');
    if (isSubscript) report('subscript', `subscripts an array in SET ${tree(target.ResTarget).name}`);
  }
}
