import { expect, test } from '@jest/globals';
import { helpOf, readArguments } from '../../src/cli/command-usage.ts';
import { OperatorError } from '../../src/errors/operator-error.ts';

const usage = {
  script: 'thing:make',
  purpose: 'Makes a thing.',
  parameters: { '<id>': 'which', '["Name"]': 'its name' },
  example: '7 "It"',
};

test.each([
  [[], []],
  [['7'], ['7']],
  [
    ['7', 'a name'],
    ['7', 'a name'],
  ],
  [
    ['7', '--', '--help'],
    ['7', '--help'],
  ],
  [
    ['--', '-x', '--'],
    ['-x', '--'],
  ],
  [
    ['', ''],
    ['', ''],
  ],
])('reads %j', (commandLine, args) => {
  expect(readArguments(usage, commandLine)).toEqual(args);
});

test.each([[['--help']], [['-h']], [['7', '--help']], [['1', '2', '3', '--help']]])(
  '%j asks for help',
  (commandLine) => {
    expect(readArguments(usage, commandLine)).toBeUndefined();
  },
);

test.each([
  [['--name=x'], 'There is no option --name here'],
  [['7', '-x'], 'There is no option -x here'],
  [['--help=no'], 'There is no option --help here'],
  [['--help', '--force'], 'There is no option --force here'],
  [['--no-help'], 'There is no option --no-help here'],
  [['1', '2', '3'], 'There is an argument too many, "3".'],
  [['1', '--', '-2', '-3'], 'There is an argument too many, "-3".'],
])('refuses %j', (commandLine, sentence) => {
  expect(() => readArguments(usage, commandLine)).toThrow(OperatorError);
  expect(() => readArguments(usage, commandLine)).toThrow(sentence);
  expect(() => readArguments(usage, commandLine)).toThrow(/ Usage: npm run thing:make -- <id> \["Name"\]$/);
});

test('explains a command', () => {
  expect(helpOf(usage)).toBe(`\
Usage: npm run thing:make -- <id> ["Name"]

Makes a thing.

  <id>      which
  ["Name"]  its name

For example: npm run thing:make -- 7 "It"`);
  expect(helpOf({ ...usage, parameters: {}, example: '' })).toBe(`\
Usage: npm run thing:make

Makes a thing.

For example: npm run thing:make`);
});
