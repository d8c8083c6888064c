// A file that cannot be loaded has no tests, and must not look like one without faults.
require('./no-such-module');
test('never runs', () => {});
