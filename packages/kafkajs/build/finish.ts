import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { writeLicences } from '../../../.ci/licences.mjs'

const require = createRequire(import.meta.url)

/**
 * Makes the CommonJS module a plain object, as kafkajs's is: mocks and spies write to it, and the bundler leaves getters there. It gets a
 * default export as well: kafkajs is often imported whole, because ECMAScript finds few of its names.
 */
function makePlain(): void {
  const plain = "Object.defineProperty({ ...module.exports }, '__esModule', { value: true })"
  appendFileSync('dist/index.cjs', `\nmodule.exports = ${plain};\nmodule.exports.default = module.exports;\n`)
}

/** Writes the ECMAScript entry: names over the one CommonJS core, so that a class has one identity in both formats. */
function writeEsmShim(): void {
  const names = Object.keys(require('../dist/index.cjs')).filter((name) => name !== 'default')
  const lines = ["import core from './index.cjs'", 'export default core', `export const { ${names.join(', ')} } = core`]
  writeFileSync('dist/index.js', `${lines.join('\n')}\n`)
}

/** Names kafkajs itself in the types, where the sources name our subpath import of it, and declares the default export. */
function finishTypes(file: string, self: string): void {
  const types = readFileSync(file, 'utf8').replaceAll("'#kafkajs'", "'kafkajs'")
  const all = `\ndeclare const all: typeof import('${self}');\nexport default all;\n`
  writeFileSync(file, types + all)
}

makePlain()
writeEsmShim()
finishTypes('dist/index.d.ts', './index.js')
finishTypes('dist/index.d.cts', './index.cjs')
writeLicences('dist/metafile-cjs.json', 'dist/THIRD-PARTY-LICENCES.txt')
