import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Consumer, createConsumer } from './consumer.ts'
import { type Manifest, packageNames } from './packages.ts'

const ALLOWED =
  /^package\/(?:package\.json|[\w-]+\.schema\.json|README\.md|LICENSE|NOTICE|dist\/[\w.-]+\.(?:js|cjs|d\.ts|d\.cts|map|LICENSE)|dist\/THIRD-PARTY-LICENCES\.txt|dist\/.*\.wasm)$/

let consumer: Consumer

beforeAll(() => {
  consumer = createConsumer()
})
afterAll(() => consumer.remove())

function runProgram(file: string, text: string): unknown {
  consumer.write(file, text)
  return JSON.parse(consumer.run(process.execPath, file))
}

test.each(packageNames())('the tarball of %s holds what is built, and neither sources nor tests', (name) => {
  const listed = consumer.run('tar', '-tzf', consumer.tarballs.get(name) ?? '')
  const files = listed.trim().split('\n')

  expect(files.filter((file) => !ALLOWED.test(file))).toEqual([])
  expect(files).toEqual(expect.arrayContaining(['package/package.json', 'package/README.md', 'package/LICENSE']))
})

test.each(packageNames())('the manifest in the tarball of %s names versions, not the workspace', (name) => {
  const text = consumer.run('tar', '-xzOf', consumer.tarballs.get(name) ?? '', 'package/package.json')
  const manifest = JSON.parse(text) as Manifest
  const ranges = Object.values({ ...manifest.dependencies, ...manifest.peerDependencies })

  expect(ranges.filter((range) => !/^\^?\d+\.\d+\.\d+$/.test(range))).toEqual([])
})

test.each(packageNames())('%s gives the same names to import and to require', (name) => {
  const list =
    'console.log(JSON.stringify(Object.keys(m).filter((n) => !["default", "module.exports"].includes(n)).sort()))'
  const imported = runProgram(`${name}.mjs`, `import * as m from '@headgate/${name}'\n${list}`)
  const required = runProgram(`${name}.cjs`, `const m = require('@headgate/${name}')\n${list}`)

  expect(imported).toEqual(required)
  expect(imported).not.toEqual([])
})

test('an error of one format is known by the other', () => {
  const program = `import { createRequire } from 'node:module'
    import { HeadgateError } from '@headgate/core'
    const other = createRequire(import.meta.url)('@headgate/core')
    class Torn extends other.HeadgateError { code = 'ERR_CORE_TORN' }
    const error = new Torn({ message: 'torn' })
    console.log(JSON.stringify([HeadgateError === other.HeadgateError, error instanceof HeadgateError]))`

  expect(runProgram('brand.mjs', program)).toEqual([false, true])
})

test('the installed command answers', () => {
  const command = join(consumer.folder, 'node_modules/.bin/headgate')

  expect(consumer.run(command, '--help')).toContain('gateway')
})
