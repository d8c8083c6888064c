// Evaluates CEL expressions: a JSON array of {expression, object} on standard input, a JSON array of results on standard output.
// usage: node cel.mjs FOLDER-OF-CEL-JS
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { createRequire } from 'node:module'

const resolve = createRequire(pathToFileURL(`${process.argv[2]}/`)).resolve
const { evaluate } = await import(pathToFileURL(resolve('@marcbachmann/cel-js')))
const cases = JSON.parse(readFileSync(0, 'utf8'))
process.stdout.write(JSON.stringify(cases.map(({ expression, object }) => evaluate(expression, object))))
