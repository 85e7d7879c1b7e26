// Test fixture: a trail in memory, its key, and events to write.
import { generateKeyPairSync } from 'node:crypto'
import { openAuditWriter } from './audit-writer.ts'
import { type AuditPublicKey, type AuditSigningKey, auditPublicKeyOf, parseAuditPublicKeys } from './checkpoint.ts'
import type { AccessDenied, RecordsRead } from './event.ts'
import { ManualClock } from './manual-clock-fixture.ts'
import { MemoryFiles } from './memory-files-fixture.ts'
import type { TrailReport } from './trail-report.ts'
import { verifyTrail } from './verify-trail.ts'
import type { AuditWriterOptions } from './writer-options.ts'
import type { AuditWriter } from './writer-port.ts'

export const FOLDER = '/trail'

function createKey(): AuditSigningKey {
  const { privateKey } = generateKeyPairSync('ed25519')
  const [key] = parseAuditPublicKeys(privateKey.export({ format: 'pem', type: 'pkcs8' }).toString())
  return { privateKey, thumbprint: key?.thumbprint ?? '' }
}

export const key: AuditSigningKey = createKey()
const publicKeys: readonly AuditPublicKey[] = [auditPublicKeyOf(key)]
export const otherKey: AuditSigningKey = createKey()

export class TrailSetting {
  readonly files: MemoryFiles = new MemoryFiles()
  readonly clock: ManualClock = new ManualClock()

  open(options: Partial<AuditWriterOptions> = {}): Promise<AuditWriter> {
    const { files, clock } = this
    return openAuditWriter({ folder: FOLDER, gateway: 'gate-1', key, files, clock, ...options })
  }

  verify(knownCheckpoint?: string): Promise<TrailReport> {
    const known = knownCheckpoint === undefined ? {} : { knownCheckpoint }
    return verifyTrail({ folder: FOLDER, keys: publicKeys, files: this.files, ...known })
  }
}

export function denial(resourceName = 'orders'): AccessDenied {
  return {
    event: 'access.denied',
    actor: { issuer: 'corp', subject: 'billing', groups: ['finance'] },
    source: { address: '127.0.0.1', listener: 'bootstrap', connection: 7 },
    session: 's-1',
    clientId: 'app',
    kafka: { cluster: 'main', api: 'Fetch', apiVersion: 15, topic: resourceName, partition: 0 },
    policyRevision: 12,
    resourceType: 'topic',
    resourceName,
    operation: 'Read',
    decision: 'deny',
    reason: 'no-rule',
    ruleIds: [],
    errorCode: 29,
  }
}

export function read(firstOffset: number, lastOffset: number): RecordsRead {
  return {
    event: 'records.read',
    actor: { issuer: 'corp', subject: 'ada' },
    kafka: { cluster: 'main', topic: 'payments', topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', partition: 3 },
    since: '2026-01-01T00:00:00.000Z',
    decision: 'allow',
    ruleIds: ['fraud-reads'],
    approvals: [{ ask: 'a-1', approvedBy: ['corp/grace'] }],
    masked: [{ field: 'card/number', count: 3 }],
    maskDigest: 'd',
    range: {
      firstOffset: String(firstOffset),
      lastOffset: String(lastOffset),
      leaderEpoch: 4,
      batches: 1,
      records: lastOffset - firstOffset + 1,
      bytes: 512,
      hash: 'h',
    },
  }
}
