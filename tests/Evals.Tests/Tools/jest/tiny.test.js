// One test of each kind, for jest-junit to report.
describe('shop', () => {
  test('passes', () => { expect(1).toBe(1); });
  test('fails', () => { expect(1).toBe(2); });
  test('throws', () => { throw new Error('boom'); });
  test.skip('is skipped', () => {});
  test('asserts nothing', () => {});
  for (let i = 0; i < 2; i++) test('is repeated', () => { expect(i).toBe(0); });
});
