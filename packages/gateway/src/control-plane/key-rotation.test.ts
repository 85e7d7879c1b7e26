import { renameSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '@headgate/core'
import { verifyBundle } from '@headgate/policy'
import { decodeProtectedHeader } from 'jose'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ConfigFolder, createConfigFolder } from '../config/config-fixture.ts'
import type { GatewayConfig } from '../config/gateway-config.ts'
import { createKeyFile } from '../config/key-file.ts'
import { loadGatewayConfig } from '../config/load-config.ts'
import { createKeyRings, type KeyRings, takeKeys } from '../identity/key-ring.ts'
import { TestClock } from '../identity/token-fixture.ts'
import { ConfigReload } from './config-reload.ts'
import { collectLog, type LoggedLine, startTestControlPlane } from './control-plane-fixture.ts'

const WITH_NEXT: readonly (readonly [string, string])[] = [
  [
    '{ signingKey: { file: token-key.jwk.json } }',
    '{ signingKey: { file: token-key.jwk.json }, nextKey: { file: token-next.jwk.json } }',
  ],
  [
    '{ currentKey: { file: bundle-key.jwk.json } }',
    '{ currentKey: { file: bundle-key.jwk.json }, nextKey: { file: bundle-next.jwk.json } }',
  ],
]

let folder: ConfigFolder
let clock: TestClock
let lines: LoggedLine[]
let keys: KeyRings
let reload: ConfigReload
let config: GatewayConfig

function load(): ReturnType<typeof loadGatewayConfig> {
  return loadGatewayConfig(folder.configPath, { environment: { LEDGER_PASSWORD: 'x' } })
}

beforeEach(async () => {
  folder = await createConfigFolder()
  for (const kind of ['token', 'bundle'] as const) createKeyFile(kind, join(folder.path, `${kind}-next.jwk.json`))
  clock = new TestClock()
  const result = load()
  if (!result.ok) throw new Error('the config is sound')
  config = result.config
  const collected = collectLog()
  lines = collected.lines
  keys = createKeyRings(config, clock)
  const { log } = collected
  const takers = [{ takeConfig: (next: GatewayConfig) => takeKeys(keys, next, log) }]
  reload = new ConfigReload({ config, takers, load, log, clock })
})
afterEach(() => {
  reload.close()
  folder.remove()
})

const publishNext = (): string =>
  folder.write(
    'gateway.yaml',
    WITH_NEXT.reduce((text, [from, to]) => text.replace(from, to), folder.sound),
  )
function promote(): void {
  for (const kind of ['token', 'bundle'])
    renameSync(join(folder.path, `${kind}-next.jwk.json`), join(folder.path, `${kind}-key.jwk.json`))
  folder.write('gateway.yaml', folder.sound)
}
const kids = (ring: keyof KeyRings): string[] => keys[ring].published.map(({ kid }) => kid)

test('the next key is published ahead, then signs, and the one before is good until nothing of it is about', () => {
  const before = { token: keys.tokens.current.thumbprint, bundle: keys.bundles.current.thumbprint }
  publishNext()
  reload.reload()
  const [, tokenNext = ''] = kids('tokens')
  const [, bundleNext = ''] = kids('bundles')
  expect(kids('tokens')).toEqual([before.token, tokenNext])
  expect(keys.tokens.current.thumbprint).toBe(before.token)
  expect(lines).toMatchObject([
    { event: 'keys', kid: before.token, count: 2 },
    { event: 'keys', kid: before.bundle, count: 2 },
  ])
  promote()
  reload.reload()
  expect([kids('tokens'), kids('bundles')]).toEqual([
    [tokenNext, before.token],
    [bundleNext, before.bundle],
  ])
  clock.advance(899_000)
  reload.reload()
  expect([kids('tokens').length, kids('bundles').length]).toEqual([2, 2])
  clock.advance(1_001)
  expect([kids('tokens'), kids('bundles')]).toEqual([[tokenNext], [bundleNext]])
})

test('files are looked at as often as the policy is, and read when one has changed', () => {
  const first = keys.tokens.current.thumbprint
  clock.advance(10_000)
  expect(lines).toEqual([])
  publishNext()
  clock.advance(10_000)
  expect(kids('tokens').length).toBe(2)
  promote()
  clock.advance(10_000)
  expect(keys.tokens.current.thumbprint).not.toBe(first)
  reload.close()
  expect(clock.timers).toBe(0)
})

test('keys that cannot be read change nothing, and the log says so without what is in them', () => {
  const before = [kids('tokens'), kids('bundles')]
  folder.write('token-key.jwk.json', '{"kty":"EC","crv":"P-256","d":"canary"')
  reload.reload()
  expect([kids('tokens'), kids('bundles')]).toEqual(before)
  expect(lines).toMatchObject([{ level: 'error', event: 'config-refused', code: 'ERR_GATEWAY_CONFIG_KEY_INVALID' }])
  expect(JSON.stringify(lines)).not.toContain('canary')
})

test('a gateway that starts in the middle is told of the key before by its config', () => {
  folder.write(
    'gateway.yaml',
    folder.sound.replace(
      '{ signingKey: { file: token-key.jwk.json } }',
      '{ signingKey: { file: token-next.jwk.json }, previousKey: { file: token-key.jwk.json } }',
    ),
  )
  const result = load()
  const previous = keys.tokens.current.thumbprint
  expect(result.ok && createKeyRings(result.config, clock).tokens.published.map(({ kid }) => kid)).toEqual([
    expect.not.stringMatching(previous),
    previous,
  ])
})

describe('at the HTTP side', () => {
  test('a token of a key that is gone is refused for good, so that its client gets another one', async () => {
    const plane = await startTestControlPlane()
    try {
      const token = await plane.gatewayToken()
      plane.keys.tokens.replace({ current: config.tokens.signingKey, next: undefined, previous: undefined })
      plane.clock.advance(299_000)
      const bundle = (): Promise<Response> =>
        fetch(`${plane.url}/v1/bundle`, { headers: { authorization: `Bearer ${token}` } })
      expect((await bundle()).status).toBe(200)
      const gone = await startTestControlPlane({ tokens: config.tokens })
      const refused = await fetch(`${gone.url}/v1/bundle`, { headers: { authorization: `Bearer ${token}` } })
      await gone.close()
      expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([
        401,
        'ERR_GATEWAY_TOKEN_KEY_UNKNOWN',
      ])
    } finally {
      await plane.close()
    }
  })

  test('tokens of the key before go on, new ones are signed with the next, and key sets hold both', async () => {
    const plane = await startTestControlPlane()
    try {
      const bundle = (token: string): Promise<Response> =>
        fetch(`${plane.url}/v1/bundle`, { headers: { authorization: `Bearer ${token}` } })
      const first = await plane.gatewayToken()
      const before = await (await bundle(first)).text()
      plane.keys.tokens.replace({ current: config.tokens.signingKey, next: undefined, previous: undefined })
      plane.keys.bundles.replace({ current: config.bundles.currentKey, next: undefined, previous: undefined })
      const second = await plane.gatewayToken()
      expect(decodeProtectedHeader(second).kid).toBe(config.tokens.signingKey.thumbprint)
      expect([(await bundle(first)).status, (await bundle(second)).status]).toEqual([200, 200])
      const jwks = (await (await fetch(`${plane.url}/jwks.json`)).json()) as { keys: { kid: string }[] }
      expect(jwks.keys.map(({ kid }) => kid)).toEqual([
        config.tokens.signingKey.thumbprint,
        plane.config.tokens.signingKey.thumbprint,
      ])
      const served = (await (await fetch(`${plane.url}/.well-known/headgate-bundle-keys`)).json()) as { keys: [] }
      const expected = {
        keys: served.keys,
        ...{ audience: 'orders', cluster: 'orders-prod', nowUnixMs: (plane.clock as Clock).nowUnixMs() },
      }
      const after = await (await bundle(second)).text()
      for (const [jws, { currentKey }] of [
        [before, plane.config.bundles],
        [after, config.bundles],
      ] as const)
        await verifyBundle(jws, { ...expected, thumbprints: [currentKey.thumbprint] })
    } finally {
      await plane.close()
    }
  })
})
