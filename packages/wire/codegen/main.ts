/**
 * Generates the codecs of src/messages from Kafka's message definitions.
 *
 * `node codegen/main.ts` writes them; with `--check` it writes nothing and fails when a committed file differs.
 *
 * @module
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readDefinitions } from './definition.ts'
import { replaceExports } from './emit-index.ts'
import { emitMessageFile } from './emit-message.ts'
import { type Api, emitFieldLists, emitSpecs } from './emit-tables.ts'
import { createMessage, type Message } from './model.ts'

const ORIGIN = 'Apache Kafka 4.3.1'
const PACKAGE = join(import.meta.dirname, '..')
const SOURCE = join(PACKAGE, 'src')

function kebab(name: string): string {
  return name.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '-').toLowerCase()
}

function pairApis(messages: readonly Message[]): Api[] {
  const apis = messages.flatMap((request) => {
    if (request.type !== 'request' || request.apiKey === undefined) return []
    const { apiKey } = request
    const response = messages.find((other) => other.type === 'response' && other.apiKey === apiKey)
    if (response === undefined) throw new Error(`${request.file} has no response`)
    const name = request.body.name.replace(/Request$/, '')
    return [{ apiKey, name, file: `${String(apiKey).padStart(2, '0')}-${kebab(name)}.ts`, request, response }]
  })
  return apis.sort((left, right) => left.apiKey - right.apiKey)
}

function resolveMessages(): Message[] {
  const definitions = readDefinitions(join(import.meta.dirname, 'messages'))
  const unstable = new Set(definitions.flatMap((each) => (each.latestVersionUnstable === true ? [each.apiKey] : [])))
  unstable.delete(undefined)
  return definitions.flatMap((each) => createMessage(each, unstable.has(each.apiKey)) ?? [])
}

/** Every generated file: its path in `src` and its text. */
function generate(): Map<string, string> {
  const messages = resolveMessages()
  const apis = pairApis(messages)
  const files = new Map<string, readonly Message[]>(apis.map((api) => [api.file, [api.request, api.response]]))
  for (const message of messages) if (message.type === 'data') files.set(`${kebab(message.body.name)}.ts`, [message])
  const output = new Map<string, string>()
  for (const [file, members] of files) output.set(join('messages', file), emitMessageFile(members, ORIGIN))
  output.set(join('messages', 'specs.ts'), emitSpecs(apis, ORIGIN))
  output.set(join('messages', 'fields.ts'), emitFieldLists(apis, ORIGIN))
  output.set('index.ts', replaceExports(readFileSync(join(SOURCE, 'index.ts'), 'utf8'), files))
  return output
}

function staleFiles(output: ReadonlyMap<string, string>): string[] {
  const committed = existsSync(join(SOURCE, 'messages')) ? readdirSync(join(SOURCE, 'messages')) : []
  return committed.map((file) => join('messages', file)).filter((file) => !output.has(file))
}

function check(output: ReadonlyMap<string, string>): void {
  const differing = [...output].filter(([file, text]) => {
    const path = join(SOURCE, file)
    return !existsSync(path) || readFileSync(path, 'utf8') !== text
  })
  const report = [
    ...differing.map(([file]) => `differs: src/${file}`),
    ...staleFiles(output).map((f) => `stale: src/${f}`),
  ]
  if (report.length === 0) return
  console.error(`${report.join('\n')}\nrun \`npm run gen\` and commit the result`)
  process.exitCode = 1
}

function write(output: ReadonlyMap<string, string>): void {
  mkdirSync(join(SOURCE, 'messages'), { recursive: true })
  for (const file of staleFiles(output)) rmSync(join(SOURCE, file))
  for (const [file, text] of output) writeFileSync(join(SOURCE, file), text)
  console.log(`${output.size} files from ${ORIGIN}`)
}

const output = generate()
if (process.argv.includes('--check')) check(output)
else write(output)
