/** A part of what `libpg-query` makes of a statement. */
export interface Tree {
  readonly [field: string]: unknown;
}

export const tree = (value: unknown): Tree => (value ?? {}) as Tree;
export const trees = (value: unknown): readonly Tree[] => (value ?? []) as readonly Tree[];
export const nameOf = (node: Tree | undefined): string => `${tree(node?.String).sval ?? ''}`;

/** Every part of a tree that has a kind, itself included, from the outside to the inside. */
export function* walk(value: unknown, kind = ''): Generator<{ kind: string; node: Tree }> {
  if (Array.isArray(value)) {
    for (const item of value) yield* walk(item);
  } else if (typeof value === 'object' && value !== null) {
    if (kind !== '') yield { kind: kindOfField[kind] ?? kind, node: value as Tree };
    for (const [field, inner] of Object.entries(value)) yield* walk(inner, Array.isArray(inner) ? '' : field);
  }
}

/** Where a field holds a query or a clause without naming its kind. */
const kindOfField: Record<string, string> = {
  larg: 'SelectStmt',
  rarg: 'SelectStmt',
  onConflictClause: 'OnConflictClause',
};

export function isParameter(value: Tree): boolean {
  const cast = tree(value.TypeCast).arg;
  return value.ParamRef !== undefined || (cast !== undefined && isParameter(tree(cast)));
}

export interface Relation {
  readonly table: string;
  readonly alias: string;
  /** What a join demands of this table alone: those of an outer join do not restrict its other side. */
  readonly conditions: readonly Tree[];
}

/** The tables that a SELECT, an UPDATE or a DELETE names itself, and the conditions that hold for all of them. */
export function partsOf(query: Tree): { relations: Relation[]; conditions: readonly Tree[] } {
  const target = query.relation === undefined ? [] : [{ RangeVar: query.relation }];
  const from = [...target, ...trees(query.fromClause), ...trees(query.usingClause)];
  return { relations: from.flatMap((item) => relationsOf(item, [])), conditions: conjuncts(query.whereClause) };
}

function relationsOf(item: Tree, conditions: readonly Tree[]): Relation[] {
  if (item.RangeVar !== undefined) {
    const { relname, alias } = tree(item.RangeVar);
    return [{ table: `${relname}`, alias: `${tree(alias).aliasname ?? relname}`, conditions }];
  }
  if (item.JoinExpr === undefined) return [];
  const { jointype, larg, rarg, quals } = tree(item.JoinExpr);
  const own = [...conditions, ...conjuncts(quals)];
  const restrictsLeft = jointype === 'JOIN_INNER' || jointype === 'JOIN_RIGHT';
  const restrictsRight = jointype === 'JOIN_INNER' || jointype === 'JOIN_LEFT';
  return [
    ...relationsOf(tree(larg), restrictsLeft ? own : conditions),
    ...relationsOf(tree(rarg), restrictsRight ? own : conditions),
  ];
}

/** The conditions that all must hold for this one to hold. */
function conjuncts(condition: unknown): readonly Tree[] {
  if (condition === undefined) return [];
  const { boolop, args } = tree(tree(condition).BoolExpr);
  return boolop === 'AND_EXPR' ? trees(args).flatMap(conjuncts) : [tree(condition)];
}
