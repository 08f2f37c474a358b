/** Broken variants around secrets. */
const credentials = { file: 'src/security/credentials.ts', test: 'test/security/credentials.test.ts' };

export default [
  {
    ...credentials,
    id: 'B18',
    why: 'a value that is no JSON is quoted in the message',
    find: 'throw new UsageError(`${where}: is not readable as JSON`);',
    replace: 'throw new UsageError(`${where}: is not readable as JSON: ${text}`);',
  },
  {
    ...credentials,
    id: 'B18',
    why: 'a key in the place of its reference is repeated',
    find: 'throw new UsageError(`${what}: expected a reference env:NAME, file:PATH or keys:NAME, never the key itself`);',
    replace: 'throw new UsageError(`${what}: ${reference} is no reference`);',
  },
];
