import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ENFORCED } from '@headgate/policy'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { PolicySnapshot } from '../control-port.ts'
import { TestClock } from '../identity/token-fixture.ts'
import { collectLog, type LoggedLine, testPolicy } from './control-plane-fixture.ts'
import { createPolicySource, type PolicyFileSource } from './policy-source.ts'

let folder: string
let configPath: string
let policyPath: string
let source: PolicyFileSource
let lines: LoggedLine[]
let published: PolicySnapshot[]
let clock: TestClock

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'headgate-modes-'))
  configPath = join(folder, 'gateway.yaml')
  policyPath = join(folder, 'policy.yaml')
  writeFileSync(policyPath, testPolicy('orders'))
  writeFileSync(configPath, 'modes: { default: observe }\n')
  clock = new TestClock(1_800_000_000_000)
  const collected = collectLog()
  lines = collected.lines
  source = createPolicySource({
    policy: { path: policyPath, reloadSeconds: 10 },
    modes: { initial: { ...ENFORCED, default: 'observe' }, path: configPath },
    log: collected.log,
    clock,
  })
  published = []
  source.subscribe((snapshot) => published.push(snapshot))
})
afterEach(() => {
  source.close()
  rmSync(folder, { recursive: true, force: true })
})

test('modes change without a restart, under a greater revision', () => {
  writeFileSync(configPath, 'modes: { default: enforce }\n')
  const { revision, digest } = source.current
  expect(source.reload()).toMatchObject({ outcome: 'changed', snapshot: { revision: revision + 1, digest } })
  expect(published.at(-1)?.modes).toEqual(ENFORCED)
  expect(source.reload()).toMatchObject({ outcome: 'unchanged' })
  writeFileSync(configPath, '# nothing of modes\nother: 1\n')
  expect(source.reload()).toMatchObject({ outcome: 'unchanged' })
})

test('the config is looked at as often as the policy is', () => {
  writeFileSync(configPath, 'modes: { default: warn, cluster: enforce }\n')
  clock.advance(10_000)
  expect(published.at(-1)?.modes).toMatchObject({ default: 'warn', cluster: 'enforce' })
})

test('modes with problems change nothing, loudly', () => {
  writeFileSync(configPath, 'modes: { default: enforced }\n')
  const { current } = source
  expect(source.reload()).toMatchObject({
    outcome: 'refused',
    problems: [{ path: configPath, line: 1, column: 19, code: 'ERR_GATEWAY_CONFIG_NOT_ALLOWED' }],
  })
  expect(source.current).toBe(current)
  expect(lines.some(({ event, code }) => event === 'policy-problem' && code === 'ERR_GATEWAY_CONFIG_NOT_ALLOWED')).toBe(
    true,
  )
})

test('a policy with problems does not keep modes from being taken back, nor the reverse', () => {
  writeFileSync(policyPath, 'rules: 7\n')
  writeFileSync(configPath, 'modes: { default: enforce }\n')
  expect(source.reload()).toMatchObject({ outcome: 'refused', snapshot: { modes: ENFORCED } })
  expect(published.at(-1)?.modes).toEqual(ENFORCED)
  writeFileSync(policyPath, testPolicy('payments'))
  writeFileSync(configPath, 'modes: 7\n')
  const { digest } = source.current
  expect(source.reload()).toMatchObject({ outcome: 'refused', snapshot: { modes: ENFORCED } })
  expect(source.current.digest).not.toBe(digest)
})

test('that not everything is enforced is told at the start and at each change', () => {
  const told = (): unknown[] => lines.filter(({ event }) => event === 'modes').map(({ reason }) => reason)
  expect(told()).toEqual(['observe'])
  writeFileSync(configPath, 'modes: { topics: [{ match: [a], mode: warn }] }\n')
  source.reload()
  expect(told()).toEqual(['observe', 'warn'])
  writeFileSync(configPath, '{}\n')
  source.reload()
  expect(told()).toEqual(['observe', 'warn'])
})
