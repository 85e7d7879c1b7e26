import { generateKeyPairSync } from 'node:crypto'
import type { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, test } from 'vitest'
import type { SamlIssuerConfig } from '../../config/issuer-config.ts'
import { collectLog } from '../../control-plane/control-plane-fixture.ts'
import { createAuthenticator, type OwnedAuthenticator } from '../authenticator.ts'
import { TestClock, testGatewayConfig } from '../token-fixture.ts'
import { verifyAssertion } from './saml-assertion.ts'
import type { SamlReply, SamlRequest } from './saml-message.ts'
import { SamlThreads } from './saml-threads.ts'

const MESH: SamlIssuerConfig = {
  ...{ name: 'mesh', entityId: 'mesh', keys: [generateKeyPairSync('rsa', { modulusLength: 2_048 }).publicKey] },
  ...{ audiences: [], nameIdFormats: [], groupsAttribute: undefined, kind: undefined, claims: {}, maxAgeSeconds: 300 },
  groups: { aliases: new Map(), assertable: undefined },
}

/** An assertion that nobody has signed, of many elements: it costs as much as one can. */
const UNSIGNED = Buffer.from(
  '<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion" ID="a"><Issuer>mesh</Issuer>' +
    '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo>' +
    '<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>' +
    '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>' +
    '<ds:Reference URI="#a"><ds:Transforms>' +
    '<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>' +
    '<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms>' +
    '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue>AAAA</ds:DigestValue>' +
    `</ds:Reference></ds:SignedInfo><ds:SignatureValue>AAAA</ds:SignatureValue></ds:Signature>${'<b/>'.repeat(2_900)}</Assertion>`,
).toString('base64url')

const { keys } = MESH
const trust = { entityId: 'mesh', keys, audiences: [], nameIdFormats: [], maxAgeSeconds: 300 }
const request = (token: string): SamlRequest => ({ token, issuers: [trust], recipient: '', nowUnixMs: 0 })
const script = (text: string): URL =>
  new URL(`data:text/javascript,${encodeURIComponent(`import { parentPort } from 'node:worker_threads'\n${text}`)}`)

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.close()))
})

function authenticator(...samlIssuers: readonly SamlIssuerConfig[]): OwnedAuthenticator {
  const config = { ...testGatewayConfig([]), samlIssuers }
  const created = createAuthenticator({ config, log: collectLog().log, clock: new TestClock() })
  opened.push(created)
  return created
}

function threads(text: string, clock: TestClock = new TestClock()) {
  const { log, lines } = collectLog()
  const pool = new SamlThreads({ clock, log, maxThreads: 1, script: script(text) })
  opened.push(pool)
  return { pool, lines, clock }
}

/** CPU time of this thread alone, in milliseconds. */
async function cpuMs(work: () => unknown): Promise<number> {
  const before = process.threadCpuUsage()
  await work()
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1_000
}

const codeOf = (outcome: Promise<unknown>): Promise<unknown> =>
  outcome.then(
    () => 'none',
    ({ code }) => code,
  )

test('the thread that serves connections does next to nothing of what assertions cost, however costly they are', {
  timeout: 60_000,
}, async () => {
  const { verifySubjectToken } = bound(authenticator(MESH))
  const bring = (): Promise<unknown> => codeOf(verifySubjectToken({ type: 'saml2', token: UNSIGNED }))
  expect([await bring(), verifyAssertion(request(UNSIGNED))]).toMatchObject([
    'ERR_GATEWAY_SAML_SIGNATURE',
    { code: 'ERR_GATEWAY_SAML_SIGNATURE' },
  ])
  const here = await cpuMs(() => {
    for (let n = 0; n < 5; n += 1) verifyAssertion(request(UNSIGNED))
  })
  const there = await cpuMs(() => Promise.all(Array.from({ length: 5 }, bring)))
  expect(there).toBeLessThan(here / 4)
})

test('of more than can wait the rest are told to come again, and tokens do not stand behind them', async () => {
  const { verifySubjectToken, verifyToken } = bound(authenticator(MESH))
  const order: string[] = []
  const note = (outcome: Promise<unknown>): Promise<unknown> => codeOf(outcome).then((code) => order.push(String(code)))
  const assertions = Array.from({ length: 140 }, () => note(verifySubjectToken({ type: 'saml2', token: 'AAAA' })))
  await Promise.all([...assertions, note(verifyToken('e30.e30.AAAA'))])
  const busy = order.filter((code) => code === 'ERR_GATEWAY_AUTHENTICATOR_BUSY')
  expect([10, 11]).toContain(busy.length)
  expect(order.indexOf('ERR_GATEWAY_TOKEN_ISSUER_UNKNOWN')).toBeLessThan(20)
})

test('an assertion is verified as of its turn, not as of its coming', async () => {
  const { pool, clock } = threads(`
    const tell = (nowUnixMs) => parentPort.postMessage({ ok: false, code: 'told', message: String(nowUnixMs) })
    parentPort.on('message', ({ nowUnixMs, token }) => token === 'slow' ? setTimeout(tell, 50, nowUnixMs) : tell(nowUnixMs))`)
  const came = clock.nowUnixMs()
  const [slow, waiting] = [pool.verify(request('slow')), pool.verify(request('waiting'))]
  await expect.poll(() => clock.timers).toBe(1)
  clock.advance(5_000)
  expect(await slow).toMatchObject({ message: `${came}` })
  expect(await waiting).toMatchObject({ message: `${came + 5_000}` })
})

test('a gateway without issuers of assertions reads none', async () => {
  const { verifySubjectToken } = bound(authenticator())
  const outcome = expect(verifySubjectToken({ type: 'saml2', token: '!' })).rejects
  await outcome.toMatchObject({ code: 'ERR_GATEWAY_TOKEN_ISSUER_UNKNOWN' })
})

describe('a thread that comes to no end of its own', () => {
  const UNVERIFIED = { code: 'ERR_GATEWAY_SAML_UNVERIFIED', retryable: true }
  const ANSWER = "parentPort.postMessage({ ok: false, code: 'told', message: token })"

  test('is ended when its time is over: its assertion is refused, and the next one gets another thread', async () => {
    const { pool, lines, clock } = threads(
      `parentPort.on('message', ({ token }) => { if (token === 'endless') for (;;); ${ANSWER} })`,
    )
    const endless = pool.verify(request('endless'))
    const next = pool.verify(request('next'))
    await expect.poll(() => clock.timers).toBe(1)
    clock.advance(10_000)
    await expect(endless).rejects.toMatchObject(UNVERIFIED)
    expect(await next).toMatchObject({ message: 'next' })
    expect(lines).toMatchObject([{ level: 'error', event: 'assertion-thread', reason: 'timeout' }])
  })

  test.each([
    ['throws', "throw new TypeError('canary')", 'TypeError'],
    ['exits', 'process.exit(0)', 'exit'],
    ['takes all memory', 'const all = []; for (;;) all.push(new Array(1e5).fill(token))', 'ERR_WORKER_OUT_OF_MEMORY'],
  ])('and that %s costs its assertion, and no other', { timeout: 60_000 }, async (_title, deed, reason) => {
    const { pool, lines, clock } = threads(
      `parentPort.on('message', ({ token }) => { if (token === 'canary') { ${deed} } ${ANSWER} })`,
    )
    const outcomes = await Promise.allSettled(['first', 'canary', 'next'].map((token) => pool.verify(request(token))))
    expect(outcomes).toMatchObject([
      { value: { message: 'first' } },
      { status: 'rejected', reason: UNVERIFIED },
      { value: { message: 'next' } },
    ])
    expect(lines).toMatchObject([{ event: 'assertion-thread', code: 'ERR_GATEWAY_SAML_UNVERIFIED', reason }])
    expect(JSON.stringify(lines)).not.toContain('canary')
    expect(clock.timers).toBe(0)
  })

  test('is not given the next assertion where it ended with nothing to do', async () => {
    const { pool, lines } = threads(
      `parentPort.on('message', ({ token }) => { ${ANSWER}; setTimeout(() => process.exit(0)) })`,
    )
    const workers: Worker[] = []
    const note = (worker: Worker): void => void workers.push(worker)
    process.on('worker', note)
    for (const token of ['first', 'next', 'last']) {
      expect(await pool.verify(request(token))).toMatchObject({ message: token })
      // The number of one that has ended.
      await expect.poll(() => workers.at(-1)?.threadId).toBe(-1)
    }
    process.off('worker', note)
    expect(workers).toHaveLength(3)
    expect(lines).toEqual([])
  })

  test('is ended by closing, and what waits behind it is refused', async () => {
    const { pool, lines } = threads("parentPort.on('message', () => { for (;;); })")
    const waiting: Promise<SamlReply>[] = [pool.verify(request('one')), pool.verify(request('two'))]
    const outcomes = Promise.allSettled(waiting)
    await pool.close()
    expect(await outcomes).toMatchObject([{ reason: UNVERIFIED }, { reason: UNVERIFIED }])
    expect(lines).toEqual([])
  })

  test('has none of the variables of its process', async () => {
    process.env['HEADGATE_CANARY'] = 'secret'
    const { pool } = threads(
      "parentPort.on('message', () => parentPort.postMessage({ ok: false, code: 'told', message: JSON.stringify(process.env) }))",
    )
    const outcome = await pool.verify(request('any')).finally(() => delete process.env['HEADGATE_CANARY'])
    expect(outcome).toMatchObject({ message: '{}' })
  })
})

function bound(of: OwnedAuthenticator): Pick<OwnedAuthenticator, 'verifySubjectToken' | 'verifyToken'> {
  return {
    verifySubjectToken: (subject) => of.verifySubjectToken(subject),
    verifyToken: (token) => of.verifyToken(token),
  }
}
