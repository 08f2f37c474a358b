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
  {
    id: 'B18',
    file: 'src/config/load.ts',
    test: 'test/config/load.test.ts',
    why: 'a refused configuration shows the key that stands in it',
    find: "return path.includes('keys') || path.includes('mongo');",
    replace: "return path.includes('mongo');",
  },
  {
    id: 'B18',
    file: 'src/security/credentials.ts',
    test: 'test/security/no-secrets.test.ts',
    why: 'a key stands in a source',
    find: 'export interface SecretSources {',
    replace: "export const apiKey = 'vKx8Lq2Mn7Rt0Wp5';\nexport interface SecretSources {",
  },
];
