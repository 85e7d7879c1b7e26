import { readFileSync } from 'node:fs'
import type { SourceProblem } from '@headgate/policy'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readPolicyFiles } from '../control-plane/policy-files.ts'
import { type ConfigFolder, createConfigFolder } from './config-fixture.ts'
import { findUnmetProtections } from './find-unmet-protections.ts'
import { loadGatewayConfig } from './load-config.ts'

const POLICY = `topics:
  - match: [open]
    discoverable: true
  - match: [payments]
    audit: required
  - match: [cards]
    format: json
    mask: [{ fields: a, with: last-4 }, { headers: [x-user], with: { token: user } }]
  - match: [salaries, "hr.*"]
    approval: { by: [leads], for: 1h, decide-within: 30m }
  - match: [ledger]
    audit: required
rules: []
`
let folder: ConfigFolder

beforeAll(async () => {
  folder = await createConfigFolder()
})
afterAll(() => folder.remove())

function warnings(policy: string, sections = ''): readonly SourceProblem[] {
  const loaded = loadGatewayConfig(folder.write('config.yaml', `${folder.sound}${sections}`), {
    environment: { LEDGER_PASSWORD: 'ledger' },
  })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  const { result } = readPolicyFiles(folder.write('wanting.yaml', policy))
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return findUnmetProtections(loaded.config, result.document)
}

test('what a policy wants and a config does not have is told where the policy first wants it', () => {
  expect(warnings(POLICY).map(({ code, line, column }) => [code, line, column])).toEqual([
    ['ERR_GATEWAY_CONFIG_AUDIT_WANTED', 4, 5],
    ['ERR_GATEWAY_CONFIG_TOKEN_KEYS_WANTED', 6, 5],
    ['ERR_GATEWAY_CONFIG_STORE_WANTED', 9, 5],
  ])
})

test('a config that has it all, and a policy that wants nothing, have no warning', () => {
  const k = Buffer.alloc(32, 7).toString('base64url')
  folder.write('mask.json', JSON.stringify({ kty: 'oct', kid: 'a', k }))
  expect(warnings(POLICY, 'store: { path: store.db }\n').map(({ code }) => code)).toHaveLength(2)
  const masking = 'masking: { tokenKeys: [{ file: mask.json }] }\n'
  expect(warnings(POLICY, masking).map(({ code }) => code)).not.toContain('ERR_GATEWAY_CONFIG_TOKEN_KEYS_WANTED')
  expect(warnings('rules: []\n')).toEqual([])
})

test('each code is explained', () => {
  const page = readFileSync(new URL('../../../../docs/reference/errors.md', import.meta.url), 'utf8')
  for (const { code } of warnings(POLICY)) expect(page).toContain(`### ${code}\n`)
})
