import { afterEach, beforeEach, expect, test } from 'vitest'
import { tokenCallback } from '../identity/token-callback.ts'
import { type GatewayStandIn, startGatewayStandIn } from '../testing/gateway-stand-in.ts'
import { type KafkaStandIn, startKafkaStandIn } from '../testing/kafka-stand-in.ts'
import { type DiagnosisOptions, diagnose } from './diagnose.ts'
import { type DiagnosisStep, diagnosisSteps } from './diagnosis-step.ts'

let listener: KafkaStandIn
let gateway: GatewayStandIn
beforeEach(async () => {
  listener = await startKafkaStandIn()
  gateway = await startGatewayStandIn(listener.port)
})
afterEach(() => Promise.all([listener.close(), gateway.http.close()]))

async function run(changes: DiagnosisOptions['headgate'] = {}): Promise<DiagnosisStep[]> {
  const headgate = {
    gateway: gateway.http.origin,
    bundleKeys: [gateway.key.thumbprint],
    identity: tokenCallback(
      () => `e30.${Buffer.from('{"sub":"orders","iss":"https://idp.example"}').toString('base64url')}.s`,
    ),
    insecure: true,
    ...changes,
  }
  const steps: DiagnosisStep[] = []
  for await (const step of diagnose({ headgate, environment: {} })) steps.push(step)
  return steps
}

interface Breakage {
  readonly code: string
  readonly changes?: () => DiagnosisOptions['headgate']
  readonly arrange?: () => void
}

/** By the step that breaks. */
const BREAKAGES: Readonly<Record<string, Breakage>> = {
  configuration: { code: 'CONFIGURATION', changes: () => ({ bundleKeys: [] }) },
  gateway: { code: 'GATEWAY_UNREACHABLE', changes: () => ({ gateway: 'http://127.0.0.1:1' }) },
  identity: { code: 'IDENTITY_UNAVAILABLE', changes: () => ({ identity: tokenCallback(() => '') }) },
  exchange: {
    code: 'IDENTITY_REFUSED',
    arrange: () => void gateway.instead.set('/token', { status: 400, json: { error: 'invalid_request' } }),
  },
  bundle: { code: 'BUNDLE_REFUSED', changes: () => ({ bundleKeys: ['f1Q0G9nmyzXz7PAmn_3wcQtbPBtBdOx7ZMf3PcOEw9Y'] }) },
  'sign-in': {
    code: 'GATEWAY_UNREACHABLE',
    arrange: () => {
      gateway.metadata['headgate_kafka_bootstrap'] = ['127.0.0.1:1']
    },
  },
}

test.each(Object.entries(BREAKAGES))(
  'what breaks at %s is named by that step, which is the last',
  async (name, breakage) => {
    const { code, changes, arrange } = breakage
    arrange?.()
    const steps = await run(changes?.())
    const before = diagnosisSteps.slice(0, diagnosisSteps.indexOf(name as (typeof diagnosisSteps)[number]))

    expect(steps.slice(0, -1).map((step) => [step.name, step.status])).toEqual(before.map((each) => [each, 'passed']))
    expect(steps.at(-1)).toMatchObject({ name, status: 'failed', code: `ERR_KAFKAJS_${code}` })
    expect(steps.at(-1)?.message.length).toBeGreaterThan(30)
  },
)

test('a service without any rule is told so by the step of the bundle', async () => {
  gateway.policy = 'rules: [{ id: r, who: { subjects: [payments] }, may: { produce: [orders] } }]'

  expect((await run()).at(-1)).toMatchObject({ name: 'bundle', code: 'ERR_KAFKAJS_NO_RULE' })
})

test('a token that the Kafka listener refuses breaks the sign-in', async () => {
  listener.signIn = { errorCode: 58, message: 'the session was revoked', sessionLifetimeMs: 0 }

  expect((await run()).at(-1)).toMatchObject({
    name: 'sign-in',
    code: 'ERR_KAFKAJS_IDENTITY_REFUSED',
    message: expect.stringContaining('the session was revoked'),
  })
})

test('no step tells a token', async () => {
  expect(JSON.stringify(await run())).not.toMatch(/e30\./)
})

test('a topic that is granted and is not there is named', async () => {
  const steps = await run()

  expect(steps.at(-2)).toMatchObject({ name: 'metadata', facts: { missing: ['orders'] } })
  expect(steps.at(-1)).toMatchObject({ name: 'fetch', status: 'failed', code: 'ERR_KAFKAJS_TOPIC_MISSING' })
})
