import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { policyJsonSchema } from './document/json-schema.ts'
import { parsePolicy } from './document/parse-policy.ts'
import { formatSourceProblem } from './document/problem.ts'
import { clusterVerbs, verbs } from './document/verbs.ts'
import { operationName } from './operation.ts'

const fileText = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')
const reference = fileText('../../../docs/reference/policy.md')
const readme = fileText('../README.md')

const blocks = (markdown: string, language: string): string[] =>
  [...markdown.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(([, code = '']) => code)

test('every policy in the reference is sound', () => {
  const examples = blocks(reference, 'yaml')
  const problems = examples.flatMap((text) => {
    const result = parsePolicy({ path: 'policy.md', text }, () => 'rules: []')
    return result.ok ? [] : result.problems.map(formatSourceProblem)
  })
  expect(examples.length).toBeGreaterThan(8)
  expect(problems).toEqual([])
})

test('the reference lists every verb with its operation, and every word of the cluster', () => {
  const kinds = { topic: 'topics', group: 'consumer groups', 'transactional-id': 'transactional ids', cluster: '' }
  for (const [name, { resourceType, operation, description }] of verbs) {
    expect(reference).toContain(
      `| \`${name}\` | ${kinds[resourceType]} | ${operationName(operation)} | ${description} |`,
    )
  }
  for (const name of clusterVerbs.keys()) expect(reference).toContain(`\`${name}\``)
})

/** The names of all properties in a JSON Schema. */
function propertiesOf(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return []
  const { properties = {} } = schema as { properties?: object }
  return [...Object.keys(properties), ...Object.values(schema).flatMap(propertiesOf)]
}

test('the reference explains every key of the language', () => {
  const keys = new Set(propertiesOf(policyJsonSchema()))
  expect(keys.size).toBeGreaterThan(50)
  expect([...keys].filter((key) => !new RegExp(`\`(\\{ )?${key}[\`:]`).test(reference))).toEqual([])
})

test('the reference explains every reason of a decision', () => {
  const source = fileText('./program/decision.ts')
  const union = /export type DecisionReason =([\s\S]*?)\n\n/.exec(source)?.[1] ?? ''
  const reasons = [...union.matchAll(/'([a-z-]+)'/g)].map(([, reason]) => reason)
  const explained = [...reference.matchAll(/^\| `([a-z-]+)` \| (?!.* \| .*\|)/gm)].map(([, reason]) => reason)
  expect(reasons.length).toBeGreaterThan(5)
  expect(explained).toEqual(expect.arrayContaining(reasons))
})

test('the committed JSON Schema is the one that the schemas give', () => {
  expect(JSON.parse(fileText('../policy.schema.json'))).toEqual(policyJsonSchema())
})

test("the README's example runs and prints what it says", () => {
  const program = blocks(readme, 'ts').join('\n')
  const says = [...program.matchAll(/\/\/ => (.*)$/gm)].map(([, line]) => line)
  const options = ['--conditions=@headgate/source', '--input-type=module-typescript', '--no-warnings']
  const cwd = fileURLToPath(new URL('..', import.meta.url))
  const printed = execFileSync(process.execPath, options, { encoding: 'utf8', cwd, input: program })
  expect(printed.trimEnd().split('\n')).toEqual(says)
})
