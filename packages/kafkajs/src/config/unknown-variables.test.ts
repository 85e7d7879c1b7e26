import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { environmentVariables, findUnknownVariables } from './unknown-variables.ts'

test('the list of variables is that of what reads them', () => {
  const source = readFileSync(new URL('environment.ts', import.meta.url), 'utf8')
  const read = new Set(source.match(/HEADGATE_[A-Z_]+/g))

  expect([...environmentVariables]).toEqual([...read].sort())
})

test('a slip is told with what was meant; variables of others are not', () => {
  const environment = { HEADGATE_GATWAY: 'x', HEADGATE_CA: 'x', HEADGATE_TEST_PARTS: 'x', HEADGATEWAY: 'x', HOME: 'x' }

  expect(findUnknownVariables(environment)).toEqual([{ name: 'HEADGATE_GATWAY', nearest: 'HEADGATE_GATEWAY' }])
})
