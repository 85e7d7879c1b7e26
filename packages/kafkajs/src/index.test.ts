import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type * as kafkajs from 'kafkajs'
import { expect, expectTypeOf, test } from 'vitest'
import * as headgate from './index.ts'
import { VERSION } from './version.ts'

const plain: Record<string, unknown> = createRequire(import.meta.url)('kafkajs')

test('every export of kafkajs is there, and is the same but for Kafka [client-drop-in]', () => {
  const names = Object.keys(plain)
  const ours: Record<string, unknown> = headgate

  expect(names.length).toBe(44)
  expect(names.filter((name) => ours[name] === undefined)).toEqual([])
  expect(names.filter((name) => ours[name] !== plain[name])).toEqual(['Kafka'])
})

test('Kafka has the methods of kafkajs on its prototype [client-drop-in]', () => {
  const methods = (kafka: unknown): string[] => Object.getOwnPropertyNames((kafka as { prototype: object }).prototype)

  expect(methods(headgate.Kafka)).toEqual(expect.arrayContaining(methods(plain['Kafka'])))
})

test('types of kafkajs and of this package are the same types [client-drop-in]', () => {
  expectTypeOf<headgate.Producer>().toEqualTypeOf<kafkajs.Producer>()
  expectTypeOf<headgate.CompressionTypes.GZIP>().toEqualTypeOf<kafkajs.CompressionTypes.GZIP>()
  expectTypeOf<headgate.Kafka>().toExtend<kafkajs.Kafka>()
  expectTypeOf<kafkajs.KafkaConfig>().toExtend<headgate.KafkaConfig>()
})

test('the version is that of the package', () => {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))

  expect(VERSION).toBe(version)
})
