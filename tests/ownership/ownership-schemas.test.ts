import { describe, expect, test } from '@jest/globals';
import { mandateProblems, mandateTerms, maxHolders, rights } from '../../src/ownership/ownership-schemas.ts';

const [a, b] = ['01890a5d-ac96-774b-bcce-b302099a8057', '01890a5d-ac96-774b-bcce-b302099a8058'] as const;
const manyIds = (count: number) =>
  Array.from({ length: count }, (_, index) => a.replace(/..$/, index.toString(16).padStart(2, '0')));

/** The paths at which terms are refused, by the schema or by what it cannot see; none when they are accepted. */
function pathsOf(given: unknown, currency = 'USD'): string[] {
  const parsed = mandateTerms.safeParse(given);
  if (!parsed.success) return parsed.error.issues.map((issue) => issue.path.join('.'));
  return mandateProblems(parsed.data, currency, 'mandate').map(({ path }) => path);
}

const any = { rule: 'any' };
const all = { rule: 'all' };
const bands = (...list: object[]) => ({ bands: list });

describe('a mandate', () => {
  test.each([
    ['one rule, in short', { rule: 'all' }, [all]],
    ['one rule with its terms, in short', { rule: 'count', count: 2 }, [{ rule: 'count', count: 2 }]],
    ['one band', bands(any), [any]],
    ['bands', bands({ ...any, upTo: '200.00' }, all), [{ ...any, upTo: '200.00' }, all]],
    ['ids in upper case', { rule: 'named', signatories: [a.toUpperCase()] }, [{ rule: 'named', signatories: [a] }]],
  ])('may be %s', (_name, given, read) => {
    expect(mandateTerms.parse(given)).toEqual({ bands: read });
    expect(pathsOf(given)).toEqual([]);
  });

  test.each([
    ['bands of each kind', bands({ ...any, kinds: ['transfer'] }, { ...all, kinds: ['withdrawal'] })],
    [
      'limits that grow for each kind',
      bands({ ...any, kinds: ['transfer'], upTo: '9' }, { ...any, upTo: '5', kinds: ['withdrawal'] }, all),
    ],
    [
      'a band for the rest of one kind',
      bands(
        { ...any, kinds: ['transfer'] },
        { ...any, upTo: '5', kinds: ['withdrawal'] },
        { ...all, kinds: ['withdrawal'] },
      ),
    ],
    ['as many signatories as there can be holders', { rule: 'named', signatories: manyIds(maxHolders) }],
    ['a count of all its signatories', { rule: 'count', count: 2, signatories: [a, b] }],
    ['a threshold of all weights', { rule: 'weighted', weights: { [a]: 2, [b]: 1 }, threshold: 3 }],
    ['twenty bands', bands(...Array.from({ length: 19 }, (_, index) => ({ ...any, upTo: `${index + 1}` })), all)],
  ])('may have %s', (_name, given) => {
    expect(pathsOf(given)).toEqual([]);
  });

  test.each<[string, unknown, string[], string?]>([
    ['nothing', {}, ['bands']],
    ['no bands', bands(), ['bands']],
    ['null', null, ['']],
    ['a list', [any], ['']],
    ['twenty-one bands', bands(...Array.from({ length: 21 }, () => any)), ['bands']],
    ['an unknown field', { ...bands(any), note: 'x' }, ['']],
    ['an unknown rule', bands(any, { rule: 'most' }), ['bands.1.rule']],
    ['an unknown field of a band', bands({ ...any, count: 2 }), ['bands.0']],
    ['an unknown kind', bands({ ...any, kinds: ['deposit'] }), ['bands.0.kinds.0']],
    ['no kinds', bands({ ...any, kinds: [] }), ['bands.0.kinds']],
    ['a kind twice', bands({ ...any, kinds: ['transfer', 'transfer'] }), ['bands.0.kinds']],
    ['a limit that is a number', bands({ ...any, upTo: 5 }, all), ['bands.0.upTo']],
    ['a count of none', { rule: 'count', count: 0 }, ['bands.0.count']],
    ['a count of half a person', { rule: 'count', count: 1.5 }, ['bands.0.count']],
    ['a count beyond all holders', { rule: 'count', count: maxHolders + 1 }, ['bands.0.count']],
    ['no signatories', { rule: 'named', signatories: [] }, ['bands.0.signatories']],
    ['too many signatories', { rule: 'named', signatories: manyIds(maxHolders + 1) }, ['bands.0.signatories']],
    ['a signatory twice', { rule: 'named', signatories: [a, a.toUpperCase()] }, ['bands.0.signatories']],
    ['a signatory who is no id', { rule: 'named', signatories: ['Ann'] }, ['bands.0.signatories.0']],
    ['no weights', { rule: 'weighted', weights: {}, threshold: 1 }, ['bands.0.weights']],
    [
      'too many weights',
      { rule: 'weighted', weights: Object.fromEntries(manyIds(maxHolders + 1).map((id) => [id, 1])), threshold: 1 },
      ['bands.0.weights'],
    ],
    ['a weight of nothing', { rule: 'weighted', weights: { [a]: 0, [b]: 1 }, threshold: 1 }, [`bands.0.weights.${a}`]],
    ['a weight too heavy', { rule: 'weighted', weights: { [a]: 1_000_001 }, threshold: 1 }, [`bands.0.weights.${a}`]],
    ['a threshold of nothing', { rule: 'weighted', weights: { [a]: 1 }, threshold: 0 }, ['bands.0.threshold']],

    ['more than its signatories', { rule: 'count', count: 3, signatories: [a, b] }, ['mandate.bands.0.count']],
    [
      'a threshold above all weights',
      { rule: 'weighted', weights: { [a]: 2, [b]: 1 }, threshold: 4 },
      ['mandate.bands.0.threshold'],
    ],
    ['a limit with too many decimals', bands({ ...any, upTo: '5.001' }, all), ['mandate.bands.0.upTo']],
    ['a limit in yen with decimals', bands({ ...any, upTo: '5.0' }, all), ['mandate.bands.0.upTo'], 'JPY'],
    ['a negative limit', bands({ ...any, upTo: '-5' }, all), ['mandate.bands.0.upTo']],
    [
      'several of these',
      bands({ rule: 'count', count: 2, signatories: [a], upTo: 'x' }, all),
      ['mandate.bands.0.upTo', 'mandate.bands.0.count'],
    ],
    ['no band above a limit', bands({ ...any, upTo: '5' }), ['mandate.bands', 'mandate.bands']],
    ['no band for transfers', bands({ ...any, kinds: ['withdrawal'] }), ['mandate.bands']],
    [
      'no band for large transfers',
      bands({ ...any, kinds: ['transfer'], upTo: '5' }, { ...all, kinds: ['withdrawal'] }),
      ['mandate.bands'],
    ],
    ['a band that nothing reaches', bands(any, all), ['mandate.bands', 'mandate.bands']],
    ['limits that fall', bands({ ...any, upTo: '9' }, { ...any, upTo: '5' }, all), ['mandate.bands', 'mandate.bands']],
    ['a limit twice', bands({ ...any, upTo: '9' }, { ...any, upTo: '9.00' }, all), ['mandate.bands', 'mandate.bands']],
    [
      'limits that fall for one kind',
      bands({ ...any, upTo: '9', kinds: ['transfer'] }, { ...any, upTo: '5' }, all),
      ['mandate.bands'],
    ],
  ])('may not have %s', (_name, given, paths, currency = 'USD') => {
    expect(pathsOf(given, currency)).toEqual(paths);
  });
});

describe('rights', () => {
  test.each([
    [['view']],
    [['view', 'deposit', 'withdraw', 'transfer', 'manage', 'delegate']],
    [['delegate', 'withdraw']],
  ])('may be %j', (list) => {
    expect(rights.parse(list)).toEqual(list);
  });

  test.each([[[]], [['delegate']], [['view', 'view']], [['own']]])('may not be %j', (list) => {
    expect(rights.safeParse(list).error?.issues).toHaveLength(1);
  });
});
