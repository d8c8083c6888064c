// One test of each kind, for mocha-junit-reporter to report.
const assert = require('node:assert');
describe('shop', () => {
  it('passes', () => assert.equal(1, 1));
  it('fails', () => assert.equal(1, 2));
  it('throws', () => { throw new Error('boom'); });
  it.skip('is skipped', () => {});
  it('asserts nothing', () => {});
  for (let i = 0; i < 2; i++) it('is repeated', () => assert.equal(i, 0));
  describe('inner', () => { it('passes', () => {}); });
  describe('hook', () => { before(() => { throw new Error('no database'); }); it('never runs', () => {}); });
});
