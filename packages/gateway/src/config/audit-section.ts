import { hostname } from 'node:os'
import type { ConfigReader } from './config-reader.ts'
import type { AuditConfig } from './gateway-config.ts'
import { readKey } from './key-sections.ts'

const DAY_MS = 86_400_000
const MAX_DAYS = 36_500

/** Reads `audit:`. Without it there is no trail. */
export function readAudit(reader: ConfigReader | undefined): AuditConfig | undefined {
  if (reader === undefined) return undefined
  const copy = reader.optionalText('checkpointCopy')
  const audit: AuditConfig = {
    folder: reader.source.resolvePath(reader.text('folder')),
    gateway: reader.optionalText('gateway')?.value ?? hostname(),
    checkpointKey: readKey(reader, 'checkpointKey', 'audit'),
    checkpointCopy: copy === undefined ? undefined : reader.source.resolvePath(copy.value),
    retentionMs: reader.integer('retentionDays', { min: 1, max: MAX_DAYS }) * DAY_MS,
  }
  reader.close()
  return audit
}
