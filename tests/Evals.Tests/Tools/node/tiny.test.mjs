// One test of each kind, for `node --test --test-reporter=junit` to report.
import { describe, it, test } from 'node:test';
import assert from 'node:assert';
describe('shop', () => {
  it('passes', () => assert.equal(1, 1));
  it('fails', () => assert.equal(1, 2));
  it('throws', () => { throw new Error('boom'); });
  it('is skipped', { skip: true }, () => {});
  it('is to be done', { todo: true }, () => { assert.equal(1, 2); });
  it('asserts nothing', () => {});
  for (let i = 0; i < 2; i++) it('is repeated', () => assert.equal(i, 0));
  describe('inner', () => { it('passes', () => {}); });
});
describe('green', () => { it('passes', () => {}); describe('deep', () => { it('passes', () => {}); it('too', () => {});}); });
describe.skip('later', () => { it('x', () => {}); });
test('subtests', async (t) => { await t.test('a', () => {}); await t.test('b', () => {}); });
