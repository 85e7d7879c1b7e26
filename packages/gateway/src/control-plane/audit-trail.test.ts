import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { auditPublicKeyOf, verifyTrail } from '@headgate/audit'
import { systemClock } from '@headgate/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { AuditConfig } from '../config/gateway-config.ts'
import { describeSigningKey } from '../config/signing-key.ts'
import type { DataPlaneEvent } from '../control-port.ts'
import { noTrail } from './audit-sink.ts'
import { type AuditTrail, openAuditTrail } from './audit-trail.ts'
import { collectLog, idleAsks } from './control-plane-fixture.ts'
import { createLocalControl } from './local-control.ts'
import type { PolicyFileSource } from './policy-source.ts'

const origin = { connectionId: 4, clientAddress: '127.0.0.1', listener: 'bootstrap' }
const policySource: PolicyFileSource = {
  current: { revision: 1, digest: 'd', document: {} as never },
  subscribe: () => () => {},
  reload: () => ({ outcome: 'unchanged', snapshot: policySource.current }),
  close: () => {},
}
let folder: string
let audit: AuditConfig

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'headgate-trail-'))
  const checkpointKey = describeSigningKey('audit', generateKeyPairSync('ed25519').privateKey)
  const checkpointCopy = join(folder, 'newest.checkpoint')
  audit = { folder: join(folder, 'trail'), gateway: 'gate-1', checkpointKey, checkpointCopy, retentionMs: 86_400_000 }
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function open(): Promise<AuditTrail> {
  return openAuditTrail({ audit, log: collectLog().log, clock: systemClock })
}

function linesOf(trail: string): Record<string, unknown>[] {
  return readdirSync(trail)
    .sort()
    .flatMap((name) => readFileSync(join(trail, name), 'utf8').trimEnd().split('\n'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

test('what a data plane reports is in the trail, and but for access in the log', async () => {
  const trail = await open()
  const { log, lines } = collectLog()
  const control = createLocalControl({
    policySource,
    asks: idleAsks(),
    log,
    clock: systemClock,
    cluster: 'main',
    audit: trail,
  })
  const events: DataPlaneEvent[] = [
    {
      kind: 'sign-in',
      ...origin,
      accepted: true,
      mechanism: 'PLAIN',
      isReauthentication: false,
      principal: 'ada',
      issuer: 'corp',
      groups: ['fraud'],
      sessionId: 's-1',
      expiresAtUnixMs: 0,
    },
    {
      kind: 'sign-in',
      ...origin,
      accepted: false,
      mechanism: 'PLAIN',
      isReauthentication: true,
      code: 'ERR_GATEWAY_TOKEN_EXPIRED',
      reason: 'expired',
    },
    {
      kind: 'denial',
      ...origin,
      principal: 'ada',
      issuer: 'corp',
      sessionId: 's-1',
      clientId: 'app',
      apiKey: 1,
      apiName: 'Fetch',
      apiVersion: 15,
      resourceType: 'topic',
      resourceName: 'orders',
      operation: 'Read',
      partition: 2,
      decision: 'deny',
      reason: 'no-rule',
      ruleIds: [],
      errorCode: 29,
      policyRevision: 1,
    },
    {
      kind: 'closed',
      ...origin,
      code: 'ERR_GATEWAY_SESSION_EXPIRED',
      reason: 'ended',
      principal: 'ada',
      issuer: 'corp',
      sessionId: 's-1',
    },
    { kind: 'access', event: { event: 'records.read-void', intents: ['i-1'], reason: 'cut' } },
  ]
  for (const event of events) control.report(event)
  await control.record([{ event: 'records.write-void', intents: ['i-2'], reason: 'cut' }])
  await trail.close()

  expect(linesOf(audit.folder).map(({ code }) => code)).toEqual([
    'K1000I',
    'K1010I',
    'K2001I',
    'K2004W',
    'K3001W',
    'K2005I',
    'K3012W',
    'K3024W',
    'K1000I',
  ])
  expect(linesOf(audit.folder)[2]).toMatchObject({
    actor: { issuer: 'corp', subject: 'ada', groups: ['fraud'] },
    source: { address: '127.0.0.1', listener: 'bootstrap', connection: 4 },
    session: 's-1',
    expires: '1970-01-01T00:00:00.000Z',
  })
  expect(linesOf(audit.folder)[4]).toMatchObject({
    kafka: { cluster: 'main', topic: 'orders', partition: 2 },
    errorCode: 29,
  })
  expect(lines.map(({ event }) => event)).toEqual(['sign-in', 're-authentication', 'denial', 'closed'])
})

test('the newest checkpoint is kept elsewhere, and proves the trail', async () => {
  const trail = await open()
  await trail.record([{ event: 'gateway.started' }])
  await trail.close()
  const knownCheckpoint = readFileSync(join(folder, 'newest.checkpoint'), 'utf8')

  const keys = [auditPublicKeyOf(audit.checkpointKey)]
  expect(await verifyTrail({ folder: audit.folder, keys, knownCheckpoint })).toMatchObject({
    isIntact: true,
    isClosed: true,
    verifiedEvents: 2,
  })
})

test('a folder has one gateway at a time, and is free after its end', async () => {
  const trail = await open()
  await expect(open()).rejects.toMatchObject({ code: 'ERR_AUDIT_FOLDER_IN_USE' })
  await trail.close()
  await (await open()).close()
})

test('without a trail nothing is kept, and what must be on record is refused', async () => {
  const control = createLocalControl({
    ...{ policySource, asks: idleAsks(), log: collectLog().log, clock: systemClock },
    cluster: 'main',
  })

  expect(control.keepsTrail).toBe(false)
  await expect(control.record([{ event: 'gateway.started' }])).rejects.toMatchObject({ code: 'ERR_AUDIT_UNAVAILABLE' })
  expect(() => noTrail.append({ event: 'gateway.started' })).not.toThrow()
})
