import { parseSync } from 'libpg-query';
import { nameOf, type Tree, tree, trees, walk } from './statements/syntax-tree.ts';

export interface MigrationStatement {
  readonly migration: string;
  readonly text: string;
}

/**
 * Tables with few rows however long a ledger lives, in which an index is made before anything notices: one row for each
 * ledger, key or endpoint.
 */
const smallTables = new Set(['ledgers', 'logs', 'api_keys', 'webhook_endpoints']);

/** What is evaluated once when a column is added; any other function may have a value for each row, written to it. */
const evaluatedOnce = new Set(['now', 'statement_timestamp', 'transaction_timestamp']);
const countingTypes = /^(small|big)?serial[248]?$/;

const harmlessKinds = new Set([
  ...['CreateStmt', 'CreateFunctionStmt', 'CreateTrigStmt', 'CommentStmt'],
  ...['SelectStmt', 'InsertStmt', 'VariableSetStmt', 'TransactionStmt'],
]);
/** What is left to `tests/database/older-builds.test.ts`, which compares what the schema asks of older versions. */
const harmlessChanges = new Set([
  'AT_DropConstraint',
  'AT_DropNotNull',
  'AT_SetStatistics',
  'AT_SetRelOptions',
  'AT_ResetRelOptions',
]);
const droppable = new Set(['OBJECT_INDEX', 'OBJECT_TRIGGER']);

/** What is known at a statement from those before it. */
interface Course {
  migration: string;
  /** Of the migration that is looked at: tables that nobody has used yet, and those that it keeps others out of. */
  created: Set<string>;
  altered: Set<string>;
  /** `table column` of each check that a column is not null, by `table constraint`. */
  readonly notNullChecks: Map<string, string>;
  /** `table column` of those checks that have read all rows. */
  readonly neverNull: Set<string>;
}

/**
 * What migrations do that breaks processes of the version before, which go on meanwhile, or that keeps them waiting
 * for as long as a large table is read or written. Takes the statements in the order in which they are run, of several
 * migrations one after the other: each is a transaction, and holds its locks until its end (PostgreSQL manual, ALTER
 * TABLE, "Notes"). What has no rule is refused, so that a rule is made for it. `libpg-query` must be loaded.
 */
export function whatMigrationsBreak(statements: readonly MigrationStatement[]): string[] {
  const nothing = { created: new Set<string>(), altered: new Set<string>() };
  const course: Course = { migration: '', ...nothing, notNullChecks: new Map(), neverNull: new Set() };
  return statements.flatMap(({ migration, text }) => {
    if (migration !== course.migration) Object.assign(course, { migration, created: new Set(), altered: new Set() });
    return trees((parseSync(text) as unknown as Tree).stmts).flatMap(({ stmt }) => {
      const [[kind, node]] = Object.entries(tree(stmt)) as [[string, unknown]];
      return problemsOf(kind, tree(node), course).map((problem) => `${migration} ${problem}`);
    });
  });
}

function problemsOf(kind: string, node: Tree, course: Course): string[] {
  const table = tableOf(node);
  const isNew = table !== undefined && course.created.has(table);
  if (kind === 'CreateStmt') course.created.add(table!);
  if (isNew || harmlessKinds.has(kind)) return [];
  switch (kind) {
    case 'AlterTableStmt':
      return trees(node.cmds).flatMap(({ AlterTableCmd }) => problemsOfChange(table!, tree(AlterTableCmd), course));
    case 'IndexStmt':
      if (node.concurrent) return [`makes an index on ${table} concurrently, which no transaction can`];
      return smallTables.has(table!) ? [] : [`makes an index on ${table} and keeps out what writes to it`];
    case 'DropStmt':
      return problemsOfDrop(node, course);
    case 'RenameStmt':
      return [`renames ${[table ?? 'something', node.subname].filter(Boolean).join('.')}`];
    case 'UpdateStmt':
    case 'DeleteStmt':
      return smallTables.has(table!) ? [] : [`changes rows of ${table} and keeps them locked until it ends`];
    default:
      return [`has ${kind}, for which there is no rule`];
  }
}

function tableOf({ relation }: Tree): string | undefined {
  return relation === undefined ? undefined : `${tree(relation).relname}`;
}

function problemsOfDrop({ removeType, objects }: Tree, { created }: Course): string[] {
  if (droppable.has(`${removeType}`)) return [];
  const names = trees(objects).map((object) => nameOf(trees(tree(object.List).items).at(-1)) || 'something');
  return names.filter((name) => !created.has(name)).map((name) => `drops ${name}`);
}

/** One of the changes that an ALTER TABLE makes to a table that others use. */
function problemsOfChange(table: string, change: Tree, course: Course): string[] {
  const { subtype, name, def } = change;
  if (subtype === 'AT_ValidateConstraint') return validate(table, `${name}`, course);
  // All others take the table for themselves.
  course.altered.add(table);
  const column = `${table}.${name}`;
  switch (subtype) {
    case 'AT_AddColumn':
      return problemsOfColumn(table, tree(tree(def).ColumnDef));
    case 'AT_AddConstraint':
      return problemsOfConstraint(table, tree(tree(def).Constraint), course);
    case 'AT_DropColumn':
      return [`drops ${column}`];
    case 'AT_AlterColumnType':
      return [`changes the type of ${column}`];
    case 'AT_SetNotNull':
      return course.neverNull.has(`${table} ${name}`)
        ? []
        : [`reads ${table} to see that ${column} is not null; a check that is validated before spares it that`];
    case 'AT_ColumnDefault':
      return def === undefined ? [`takes the default from ${column}`] : [];
    default:
      return harmlessChanges.has(`${subtype}`) ? [] : [`has ${subtype} on ${table}, for which there is no rule`];
  }
}

function problemsOfColumn(table: string, { colname, typeName, constraints }: Tree): string[] {
  const column = `${table}.${colname}`;
  const parts = trees(constraints).map(({ Constraint }) => tree(Constraint));
  const ofKind = (kind: string) => parts.find(({ contype }) => contype === kind);
  const standard = ofKind('CONSTR_DEFAULT');
  const simple = ['CONSTR_DEFAULT', 'CONSTR_NOTNULL', 'CONSTR_NULL'];
  const problems = parts
    .filter(({ contype }) => !simple.includes(`${contype}`))
    .map(({ contype }) => `adds ${column} with a ${contype} and reads or writes all of ${table}`);
  if (ofKind('CONSTR_NOTNULL') !== undefined && standard === undefined) {
    problems.push(`adds ${column}, which must not be null and has no default`);
  }
  const type = nameOf(trees(tree(typeName).names).at(-1));
  if (countingTypes.test(type) || (standard !== undefined && isEvaluatedForEachRow(standard))) {
    problems.push(`adds ${column} with a default of its own for each row and writes all of ${table}`);
  }
  return problems;
}

function isEvaluatedForEachRow(value: Tree): boolean {
  return [...walk(value)].some(
    ({ kind, node }) => kind === 'FuncCall' && !evaluatedOnce.has(nameOf(trees(node.funcname).at(-1))),
  );
}

function problemsOfConstraint(table: string, constraint: Tree, { notNullChecks }: Course): string[] {
  const { contype, conname, skip_validation: isForNewRows, indexname } = constraint;
  if (!isForNewRows) {
    return indexname === undefined ? [`reads ${table} for the constraint ${conname}, which is not NOT VALID`] : [];
  }
  const { arg, nulltesttype } = tree(tree(constraint.raw_expr).NullTest);
  if (contype === 'CONSTR_CHECK' && nulltesttype === 'IS_NOT_NULL') {
    const column = nameOf(trees(tree(tree(arg).ColumnRef).fields).at(-1));
    notNullChecks.set(`${table} ${conname}`, `${table} ${column}`);
  }
  return [];
}

function validate(table: string, constraint: string, { altered, notNullChecks, neverNull }: Course): string[] {
  const column = notNullChecks.get(`${table} ${constraint}`);
  if (column !== undefined) neverNull.add(column);
  return altered.has(table) ? [`reads ${table} for the constraint ${constraint} while it keeps others out`] : [];
}
