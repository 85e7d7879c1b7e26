import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProgram } from '../clients/headgate.ts'
import { freePorts } from '../kafka/ports.ts'
import { startWorld, type World } from '../world/start-world.ts'

/** A service as it was written for kafkajs, its import alone changed. */
const SERVICE = join(import.meta.dirname, 'first-hour-service.ts')
const POLICY = `
rules:
  - id: orders-works-with-orders
    who: { subjects: [orders] }
    may: { produce: [orders], consume: [orders], as: [orders] }
`

let world: World
beforeAll(async () => {
  world = await startWorld({
    clients: [
      { clientId: 'orders', groups: [] },
      { clientId: 'stranger', groups: [] },
    ],
    topics: [{ topic: 'orders', partitions: 1 }],
    policy: POLICY,
  })
})
afterAll(() => world?.close())

type Changes = Readonly<Record<string, string>>

async function runService(changes: Changes, clientId = 'orders'): Promise<{ exitCode: number | null; text: string }> {
  const args = ['--conditions=@headgate/source', '--disable-warning=TimeoutNegativeWarning', SERVICE]
  const run = startProgram(process.execPath, args, { ...world.environmentOf(clientId), ...changes })
  return { exitCode: await run.ended, text: run.out() + run.error() }
}

const count = (text: string, pattern: RegExp): number => [...text.matchAll(new RegExp(pattern, 'g'))].length

test('with the environment set the changed import is the whole change, and one warning lists what is not used', async () => {
  const { exitCode, text } = await runService({})

  expect(text).toContain('read: one order')
  expect(count(text, /not used, because/)).toBe(1)
  expect(text).toMatch(/`brokers`.*HEADGATE_GATEWAY.*`ssl`.*HEADGATE_CA.*`sasl`.*HEADGATE_ISSUER/)
  expect(exitCode).toBe(0)
})

interface Situation {
  readonly code: string
  readonly words: RegExp
  readonly changes?: () => Changes | Promise<Changes>
  readonly clientId?: string
}

const SITUATIONS: Readonly<Record<string, Situation>> = {
  'options that are not used, under strict': {
    code: 'UNUSED_OPTIONS',
    words: /not used, because every connection goes to the gateway: `brokers`/,
    changes: () => ({ HEADGATE_STRICT: 'true' }),
  },
  'no gateway address': {
    code: 'GATEWAY_MISSING',
    words: /no gateway address: give the gateway's HTTPS address/,
    changes: () => ({ HEADGATE_GATEWAY: '' }),
  },
  'a gateway that does not answer': {
    code: 'GATEWAY_UNREACHABLE',
    words: /the gateway at `localhost:\d+` gave no answer \(ECONNREFUSED\)/,
    changes: async () => ({ HEADGATE_GATEWAY: `https://localhost:${(await freePorts(1))[0]}` }),
  },
  'an unknown authority': {
    code: 'UNKNOWN_CA',
    words:
      /the certificate of the gateway at `localhost:\d+` is not trusted \([A-Z_]+\): give its authority's certificate as headgate\.ca or HEADGATE_CA/,
    changes: () => ({ HEADGATE_CA: '' }),
  },
  'a wrong secret': {
    code: 'IDENTITY_REFUSED',
    words: /the identity provider refused client `orders`: invalid_client/,
    changes: () => ({ HEADGATE_CLIENT_SECRET: 'wrong-secret-0123456789' }),
  },
  'thumbprints of another gateway': {
    code: 'BUNDLE_REFUSED',
    words: /the gateway's policy was refused: .*give the thumbprint of the key that signs now/,
    changes: () => ({ HEADGATE_BUNDLE_KEYS: 'f1Q0G9nmyzXz7PAmn_3wcQtbPBtBdOx7ZMf3PcOEw9Y' }),
  },
  'a policy without a rule for it': {
    code: 'NO_RULE',
    words: /no rule of the policy allows this service anything: it is `stranger` of issuer `corp`/,
    clientId: 'stranger',
  },
}

test.each(Object.entries(SITUATIONS))(
  'in a service, %s is one message, printed once, and nothing is tried again',
  async (_, { code, words, changes = () => ({}), clientId }) => {
    const { exitCode, text } = await runService(await changes(), clientId)

    expect(text).toMatch(new RegExp(`failed: ERR_KAFKAJS_${code}: .*${words.source}`))
    expect(count(text, words)).toBe(1)
    expect(text).not.toMatch(/"level":"ERROR"/)
    expect(text).not.toMatch(/secret-0123456789/)
    expect(exitCode).toBe(1)
  },
)
