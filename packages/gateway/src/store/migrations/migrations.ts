import type { Migration } from 'kysely/migration'
import { createAskTable } from './0001-asks.ts'
import { createSessionTables } from './0002-sessions.ts'
import { createAuditIndex } from './0003-audit-index.ts'
import { createTokenTables } from './0004-tokens.ts'
import { createSeenAccesses } from './0005-seen-accesses.ts'
import { createRefusedTokens } from './0006-refused-tokens.ts'

/**
 * Every change of the schema, in order; written with Kysely's schema builder, so that both engines carry them out.
 *
 * INVARIANT: what has been released is never changed and never removed, only added to.
 */
export const MIGRATIONS: Readonly<Record<string, Migration>> = Object.freeze({
  '0001-asks': createAskTable,
  '0002-sessions': createSessionTables,
  '0003-audit-index': createAuditIndex,
  '0004-tokens': createTokenTables,
  '0005-seen-accesses': createSeenAccesses,
  '0006-refused-tokens': createRefusedTokens,
})
