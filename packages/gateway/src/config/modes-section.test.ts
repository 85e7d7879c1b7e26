import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type ConfigFolder, createConfigFolder } from './config-fixture.ts'
import { loadGatewayConfig } from './load-config.ts'
import { loadModes } from './load-modes.ts'

let folder: ConfigFolder

beforeAll(async () => {
  folder = await createConfigFolder()
})
afterAll(() => folder.remove())

const withModes = (modes: string): string => folder.write('modes.yaml', `${folder.sound}${modes}`)

const MODES = `modes:
  default: warn
  topics:
    - { match: [payments, "payments.*"], mode: enforce }
    - { match: ["logs.*"], mode: observe }
  groups:
    - { match: ["logs-*"], mode: observe }
  cluster: enforce
`

it('modes are read, with what is not named under the default', () => {
  const result = loadModes(withModes(MODES))
  expect(result).toMatchObject({
    ok: true,
    modes: {
      default: 'warn',
      topics: [
        { match: ['payments', 'payments.*'], mode: 'enforce' },
        { match: ['logs.*'], mode: 'observe' },
      ],
      groups: [{ match: ['logs-*'], mode: 'observe' }],
      transactionalIds: [],
      cluster: 'enforce',
    },
  })
  const whole = loadGatewayConfig(withModes(MODES), { environment: { LEDGER_PASSWORD: 'x' } })
  expect(whole.ok && result.ok && whole.config.modes).toEqual(result.ok && result.modes)
})

it('without modes everything is enforced', () => {
  const enforced = { default: 'enforce', topics: [], cluster: 'enforce' }
  expect(loadModes(withModes(''))).toMatchObject({ ok: true, modes: enforced })
  expect(loadModes(withModes('modes: {}\n'))).toMatchObject({ ok: true, modes: enforced })
})

it('modes can be read while another section is wrong', () => {
  expect(loadModes(folder.write('broken.yaml', `cluster: 7\n${MODES}`))).toMatchObject({ ok: true })
})

it.each([
  ['modes: { default: monitor }', 'ERR_GATEWAY_CONFIG_NOT_ALLOWED', 1, 19],
  ['modes: { topics: [{ match: [a] }] }', 'ERR_GATEWAY_CONFIG_MISSING_KEY', 1, 19],
  ['modes: { topics: [{ mode: warn }] }', 'ERR_GATEWAY_CONFIG_MISSING_KEY', 1, 19],
  ['modes: { topics: [{ match: [], mode: warn }] }', 'ERR_GATEWAY_CONFIG_WRONG_TYPE', 1, 28],
  ['modes: { topics: [{ match: ["__x"], mode: warn }] }', 'ERR_GATEWAY_CONFIG_NAME_INVALID', 1, 29],
  ['modes: { topics: [{ match: ["a b"], mode: warn }] }', 'ERR_GATEWAY_CONFIG_NAME_INVALID', 1, 29],
  ['modes: { topics: [{ match: ["label:pii"], mode: warn }] }', 'ERR_GATEWAY_CONFIG_NAME_INVALID', 1, 29],
  ['modes: { topics: [{ match: [a, a], mode: warn }] }', 'ERR_GATEWAY_CONFIG_DUPLICATE', 1, 32],
  ['modes: { topic: [] }', 'ERR_GATEWAY_CONFIG_UNKNOWN_KEY', 1, 10],
  ['modes: { topics: [{ match: [a], mode: warn, why: x }] }', 'ERR_GATEWAY_CONFIG_UNKNOWN_KEY', 1, 45],
  ['modes: observe', 'ERR_GATEWAY_CONFIG_WRONG_TYPE', 1, 8],
])('what is wrong is told with its place: %s', (text, code, line, column) => {
  const result = loadModes(folder.write('wrong.yaml', `${text}\n`))
  expect(result.ok ? [] : result.problems).toContainEqual(expect.objectContaining({ code, line, column }))
})

it('a config that cannot be read is a problem, and no mode', () => {
  expect(loadModes(`${folder.path}/absent.yaml`)).toMatchObject({
    ok: false,
    problems: [{ code: 'ERR_GATEWAY_CONFIG_FILE_UNREADABLE' }],
  })
})

it('clients may bring the credentials of the brokers only where the listener says so', () => {
  const load = (listener: string): unknown => {
    const path = folder.write('listener.yaml', folder.sound.replace('listener:\n', `listener:\n${listener}`))
    const result = loadGatewayConfig(path, { environment: { LEDGER_PASSWORD: 'x' } })
    return result.ok && result.config.listener.passThrough
  }
  expect([load(''), load('  passThrough: false\n'), load('  passThrough: true\n')]).toEqual([
    undefined,
    undefined,
    true,
  ])
})

it('the modes of the reference are sound, and both ways of writing them are in it', () => {
  const page = readFileSync(new URL('../../../../docs/reference/modes.md', import.meta.url), 'utf8')
  const [, yaml = ''] = /^```yaml\n(# gateway\.yaml\n[\s\S]*?)^```$/m.exec(page) ?? []
  expect(loadModes(folder.write('reference.yaml', yaml))).toMatchObject({
    ok: true,
    modes: { default: 'warn', cluster: 'enforce', transactionalIds: [{ mode: 'enforce' }] },
  })
})
