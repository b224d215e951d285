// @ts-expect-error: it has no types.
import damerauLevenshtein from 'damerau-levenshtein';

/** First words that variables of other programs begin with too; of these the second word makes a name ours. */
const sharedWords = new Set(['DATA', 'POSTGRES', 'API', 'LOG', 'DEMO', 'KEEP', 'SECRETS', 'OPERATOR', 'REQUIRE']);

/** A setting with a shorter name is so like other words that nothing follows from a resemblance. */
const minComparedLength = 7;
const lettersPerMistake = 6;
const maxMistakes = 3;

/**
 * What Kubernetes and Docker say about a service that is called `database` or `webhook`, to every container next to it:
 * `DATABASE_SERVICE_HOST`, `DATABASE_PORT_5432_TCP_ADDR`, `DATABASE_PORT=tcp://...`.
 */
const ofService = /_SERVICE_(HOST|PORT)(_\w+)?$|_PORT_\d+_(TCP|UDP|SCTP)(_\w+)?$/;
const isOfService = (name: string, value: string) =>
  ofService.test(name) || (name.endsWith('_PORT') && /^(tcp|udp|sctp):/.test(value));

/**
 * Variables that look like settings but are none, a sentence each: those of a family whose names are ours alone
 * (`DATABASE_`, `WEBHOOK_`, ...), and those that are nearly the name of a setting, underscores and case aside. A
 * misspelt setting that is passed over would leave the operator with the default, without a word.
 */
export function findUnknownSettings(given: NodeJS.ProcessEnv, settings: readonly string[]): string[] {
  const families = new Set(settings.map(familyOf).filter((family) => family !== undefined));
  return Object.entries(given).flatMap(([name, value = '']) => {
    if (settings.includes(name) || isOfService(name, value)) return [];
    const { setting, mistakes } = nearestOf(name, settings);
    const isNear = setting.length >= minComparedLength && mistakes <= allowedMistakes(setting);
    const isOurs = [...families].some((family) => name.startsWith(family));
    return isNear || isOurs ? [`${name} is not a setting; did you mean ${setting}?`] : [];
  });
}

/** `DATABASE_` of `DATABASE_POOL_SIZE`, `DEMO_API_` of `DEMO_API_KEY`, none of `LOG_LEVEL`. */
function familyOf(setting: string): string | undefined {
  const words = setting.split('_');
  const count = sharedWords.has(words[0]!) ? 2 : 1;
  return words.length > count ? `${words.slice(0, count).join('_')}_` : undefined;
}

function bare(name: string): string {
  return name.replaceAll('_', '').toUpperCase();
}

function allowedMistakes(setting: string): number {
  return Math.min(maxMistakes, Math.max(1, Math.floor(bare(setting).length / lettersPerMistake)));
}

/** The setting that the name is the beginning of, else the one with the fewest mistakes in it. */
function nearestOf(name: string, settings: readonly string[]): { setting: string; mistakes: number } {
  const measured = settings.map((setting) => ({ setting, mistakes: countMistakes(bare(name), bare(setting)) }));
  const begun = measured.find(({ setting }) => setting.startsWith(`${name}_`));
  return begun ?? measured.reduce((nearest, next) => (next.mistakes < nearest.mistakes ? next : nearest));
}

/** Letters that are missing, too many or wrong, and neighbours that changed places. */
function countMistakes(written: string, meant: string): number {
  return damerauLevenshtein(written, meant).steps;
}
