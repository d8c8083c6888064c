#!/usr/bin/env bash
# Writes data/tools/promptfoo.json, promptfoo.jsonl and promptfoo-asserts-nothing.json, as promptfoo itself writes them, without a network.
# The files are kept, as the package has 2 GB and takes three minutes to fetch. Run it by hand after a change, or for a newer promptfoo.
set -euo pipefail
cd "$(dirname "$0")/.."
version=0.123.1
package=$(../npm-install.sh promptfoo "promptfoo@$version")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/agent.js" <<'JS'
module.exports = class {
  id() { return 'agent'; }
  async callApi(prompt) { return prompt.includes('down') ? { error: 'HTTP 503' } : { output: prompt }; }
};
JS
cat >"$work/all.json" <<'JSON'
{"prompts": ["{{q}}"], "providers": ["file://agent.js"], "tests": [
  {"description": "passes", "vars": {"q": "return within 30 days"}, "assert": [{"type": "contains", "value": "30 days"}],
   "metadata": {"tags": ["policy"]}},
  {"description": "fails", "vars": {"q": "hunter2"}, "assert": [{"type": "not-contains", "value": "hunter2"}]},
  {"description": "errs", "vars": {"q": "down"}, "assert": [{"type": "contains", "value": "x"}]},
  {"description": "is partly right", "vars": {"q": "hello"}, "threshold": 0.5,
   "assert": [{"type": "contains", "value": "hello"}, {"type": "contains", "value": "bye"}]},
  {"description": "asserts nothing", "vars": {"q": "hello"}}]}
JSON
cat >"$work/nothing.json" <<'JSON'
{"prompts": ["{{q}}"], "providers": ["file://agent.js"], "tests": [{"vars": {"q": "one"}}, {"vars": {"q": "two"}}, {"vars": {"q": "three"}}]}
JSON
run() {
  (cd "$work" && env HOME="$work" PROMPTFOO_CONFIG_DIR="$work/state" PROMPTFOO_DISABLE_TELEMETRY=1 PROMPTFOO_DISABLE_UPDATE=1 \
    PROMPTFOO_DISABLE_REMOTE_GENERATION=1 PROMPTFOO_DISABLE_SHARING=1 \
    node "$package/node_modules/promptfoo/dist/src/main.js" eval --no-cache --no-table --no-progress-bar --no-write "$@") || [ $? -eq 100 ]
}
run -c all.json --repeat 2 -o promptfoo.json -o promptfoo.jsonl
run -c nothing.json -o promptfoo-asserts-nothing.json
mkdir -p data/tools
for file in promptfoo.json promptfoo.jsonl promptfoo-asserts-nothing.json; do sed "s|$work|/work|g" "$work/$file" >"data/tools/$file"; done
