import { expect, test } from 'vitest'
import { programOf } from '../program/policy-fixture.ts'
import { demandsOf, understoodFeatures } from './demands.ts'

const rules = (access: string): string => `rules: [{ id: r, who: everyone, may: { ${access} } }]`
const read = rules('consume: [orders], produce: [orders]')

test.each([
  [read, []],
  [`topics: [{ match: [orders], labels: [x], format: json }]\n${read}`, []],
  [`topics: [{ match: [other], audit: required }]\n${read}`, []],
  [`topics: [{ match: [orders], audit: required }]\n${read}`, ['required-audit']],
  [`topics: [{ match: [orders], mask: [{ key: true, with: remove }] }]\n${read}`, ['masks']],
  [`topics: [{ match: [orders], approval: { by: [x], for: 1h } }]\n${read}`, ['approvals']],
  [rules('consume: [orders], without-approval: true'), ['approvals']],
  [rules('replay: [orders]'), ['own-operations']],
  [rules('consume: [orders], only: [id]'), ['projections']],
  [rules('replay: [orders], only: [key]'), ['own-operations', 'projections']],
  [rules('cluster: [read-audit]'), ['own-operations']],
])('%s demands %j', (text, demands) => {
  expect(demandsOf(programOf(text).residual)).toEqual(demands)
  expect(demands.every((demand) => understoodFeatures.has(demand))).toBe(true)
})
