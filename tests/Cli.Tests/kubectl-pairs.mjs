// Asks kubectl what it makes of each text of data/kubectl-pairs.json, and writes the answers into the same file.
// usage: KUBECTL=kubectl node kubectl-pairs.mjs      (1.33 or later: earlier ones do not read flow mappings and "---" after JSON)
//
// "kubectl patch --local" reads a file by the same code as create and apply, and needs no server. To add a pair, add {"text": "…"} (or
// {"base64": "…"} where it is no text), and run this. Where our reader differs on purpose, "stricter", "lenient" or
// "differs" says why.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const table = join(dirname(fileURLToPath(import.meta.url)), "data", "kubectl-pairs.json");
const pairs = JSON.parse(readFileSync(table, "utf8"));
const folder = mkdtempSync(join(tmpdir(), "pairs-"));
const file = join(folder, "manifest.yaml");

// kubectl prints objects one after another, indented: an object ends with a line "}".
const objects = (text) => text.split(/(?<=^\}\n)/m).filter((part) => part.trim());

for (const pair of pairs) {
  writeFileSync(file, pair.base64 === undefined ? pair.text : Buffer.from(pair.base64, "base64"));
  const run = spawnSync(process.env.KUBECTL ?? "kubectl", ["patch", "--local", "-f", file, "--type", "merge", "-p", "{}", "-o", "json"]);
  delete pair.objects;
  delete pair.error;
  // Numbers keep the digits that kubectl wrote: as texts, because a JSON parser here would round them.
  if (run.status === 0) pair.objects = objects(run.stdout.toString()).map((text) => text.trim());
  else pair.error = run.stderr.toString().replaceAll(file, "FILE").trim();
}
rmSync(folder, { recursive: true });
writeFileSync(table, "[\n" + pairs.map((pair) => JSON.stringify(pair)).join(",\n") + "\n]\n");
