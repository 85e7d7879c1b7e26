import * as parser from 'oxc-parser'
import { expect, test } from 'vitest'
import { findKafkajsImports } from './kafkajs-imports.ts'

const kindsIn = (path: string, text: string): unknown =>
  findKafkajsImports(parser, path, text)?.map(({ kind, line, column }) => `${line}:${column} ${kind}`)

test.each([
  ["import { Kafka } from 'kafkajs'", 'import'],
  ["import Kafkajs, { type Consumer } from 'kafkajs'", 'import'],
  ["import * as kafkajs from 'kafkajs'", 'import'],
  ["import 'kafkajs'", 'import'],
  ["import { Long } from 'kafkajs/src/utils/long'", 'import'],
  ["import type { Kafka } from 'kafkajs'", 'type'],
  ["import { type Kafka, type Consumer } from 'kafkajs'", 'type'],
  ["type K = import('kafkajs').Kafka", 'type'],
  ["export type { Kafka } from 'kafkajs'", 'type'],
  ["export { type Kafka } from 'kafkajs'", 'type'],
  ["export { Kafka } from 'kafkajs'", 're-export'],
  ["export * from 'kafkajs'", 're-export'],
  ["import kafkajs = require('kafkajs')", 'require'],
  ["const { Kafka } = require('kafkajs')", 'require'],
  ["require.resolve('kafkajs')", 'require'],
  ["const { Kafka } = await import('kafkajs')", 'dynamic import'],
  ["vi.mock('kafkajs', () => ({}))", 'mock'],
  ["jest.mock('kafkajs')", 'mock'],
])('%s is told as: %s', (text, kind) => {
  expect(findKafkajsImports(parser, 'a.ts', `\n  ${text}\n`)).toMatchObject([{ kind, line: 2 }])
})

test.each([
  ["// import { Kafka } from 'kafkajs'"],
  ['const text = "import { Kafka } from \'kafkajs\'"'],
  ["import { Kafka } from '@headgate/kafkajs'"],
  ["import x from 'kafkajs-snappy'"],
  ["log('kafkajs')"],
  ['const kafkajs = 1'],
])('%s is none', (text) => {
  expect(kindsIn('a.ts', text)).toEqual([])
})

test('decorators, JSX and CommonJS are read, and what cannot be parsed is told apart', () => {
  const nest = "import { Kafka } from 'kafkajs'\n@Injectable()\nclass A { constructor(private readonly k: Kafka) {} }\n"

  expect(kindsIn('a.ts', nest)).toEqual(['1:1 import'])
  expect(kindsIn('a.tsx', "const a = <A k={require('kafkajs')} />")).toEqual(['1:17 require'])
  expect(kindsIn('a.cjs', "with (a) {}\nmodule.exports = require('kafkajs')")).toEqual(['2:18 require'])
  expect(kindsIn('a.ts', "import { from 'kafkajs'")).toBeUndefined()
})
