import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { packageFolder, readManifest } from './packages.ts'

const dist = join(packageFolder('kafkajs'), 'dist')
const built = readFileSync(join(dist, 'index.cjs'), 'utf8')

/** The files that the bundler put into the build, by the comments that it leaves before each. */
const files = [
  ...built.matchAll(/^\s*\/\/ (?:\.\.\/)*((?:node_modules|policy|masking|core|compression|src)\/.+)$/gm),
].map(([, file = '']) => file.replace(/^.*node_modules\//, ''))

/** The parts of a package that are inside. */
const insideOf = (name: string): string[] => files.filter((file) => file.startsWith(`${name}/`))

test('a service installs kafkajs for its types and the API of telemetry with the client, and nothing else', () => {
  const { dependencies, peerDependencies, optionalDependencies } = readManifest('packages/kafkajs')

  expect(Object.keys(dependencies ?? {})).toEqual(['kafkajs'])
  expect(Object.keys(peerDependencies ?? {})).toEqual(['@opentelemetry/api'])
  expect(optionalDependencies).toBeUndefined()
})

test('the build asks for Node and the API of telemetry alone, and its types for those of kafkajs', () => {
  const required = new Set([...built.matchAll(/\brequire\d*\("([^"]+)"\)/g)].map(([, id]) => id))
  const declared = readFileSync(join(dist, 'index.d.ts'), 'utf8').matchAll(/^(?:import|export) .* from '([^']+)';/gm)

  expect([...required].filter((id) => !process.getBuiltinModule(`node:${id}`))).toEqual(['@opentelemetry/api'])
  expect([...new Set([...declared].map(([, id]) => id))]).toEqual(['kafkajs'])
})

test('what is inside the build is what is used: of policies no documents, of zod no methods, of jose the signature', () => {
  const others = files.filter((file) => !/^(?:src|policy|masking|core|compression)\//.test(file))
  const names = others.map((file) => /^(?:@[^/]+\/)?[^/]+/.exec(file)?.[0])

  expect(new Set(names)).toEqual(
    new Set(['kafkajs', 'zod', 'jose', 'json-mask', '@platformatic/wasm-utils', '@platformatic/dynamic-buffer']),
  )
  expect(insideOf('zod').filter((file) => /\/classic\/|\/locales\/(?!index)/.test(file))).toEqual([])
  expect(insideOf('jose').filter((file) => /\/(?:jwt|jwe|jwks)\/|sign/.test(file))).toEqual([])
  expect(insideOf('policy').filter((file) => /\/tools\/|yaml|parse-policy|schema/.test(file))).toEqual([])
  for (const name of ['policy', 'masking', 'core', 'compression']) expect(insideOf(name)).not.toEqual([])
})

test('the licence of each package that is inside travels with it', () => {
  const licences = readFileSync(join(dist, 'THIRD-PARTY-LICENCES.txt'), 'utf8')
  const named = [...licences.matchAll(/^(\S+) \d+\.\d+\.\d+ \([\w.-]+\)$/gm)].map(([, name]) => name)

  expect(named.sort()).toEqual(
    ['@platformatic/dynamic-buffer', '@platformatic/wasm-utils', 'jose', 'json-mask', 'kafkajs', 'zod'].sort(),
  )
})

test('the build takes less than a megabyte and a half', () => {
  const bytes = readdirSync(dist).reduce((sum, file) => sum + statSync(join(dist, file)).size, 0)

  expect(bytes).toBeLessThan(1_600_000)
})
