import { describe, expect, it } from 'vitest';
import { optionNames, redactor } from '../../src/storage/mongo-url.js';

describe('a database URL', () => {
  it.each([
    ['mongodb://localhost:27017', 'mongodb://localhost:27017'],
    ['mongodb://user:pass@a:1,b:2/thor?replicaSet=rs0', 'mongodb://user:***@a:1,b:2/thor'],
    ['mongodb+srv://user:p%40ss@cluster.example/thor', 'mongodb+srv://user:***@cluster.example/thor'],
    ['mongodb://user@h/db', 'mongodb://user@h/db'],
    ['mongodb://user:p@ss@h/db', '***'],
    ['postgres://user:pass@h', '***'],
    ['', '***'],
  ])('%s is shown without its password', (url, place) => {
    expect(redactor(url).place).toBe(place);
  });

  it('loses its secrets wherever they stand in a text, encoded or not', () => {
    const url = 'mongodb://user:p%40ss@h/db?tlsCertificateKeyFilePassword=k3y&authMechanismProperties=AWS_SESSION_TOKEN:tok';
    const { safe } = redactor(url);
    const text = safe(`cannot connect to ${url}: p@ss and p%40ss and k3y and AWS_SESSION_TOKEN:tok`);
    expect(text).not.toMatch(/p@ss|p%40ss|k3y|tok\b/);
    expect(redactor('mongodb://user:p@ss@h').safe('bad URL mongodb://user:p@ss@h')).not.toContain('p@ss');
  });

  it('names the options that it sets', () => {
    expect([...optionNames('mongodb://h/?directConnection=true&socketTimeoutMS=5')]).toEqual(['directconnection', 'sockettimeoutms']);
  });
});
