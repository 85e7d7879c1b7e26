import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

async function createEvents(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('audit_events')
    .addColumn('writer', 'text', (column) => column.notNull())
    .addColumn('seq', 'bigint', (column) => column.notNull())
    .addColumn('time', 'text', (column) => column.notNull())
    .addColumn('since', 'text', (column) => column.notNull())
    .addColumn('event', 'text', (column) => column.notNull())
    .addColumn('issuer', 'text')
    .addColumn('subject', 'text')
    .addColumn('session', 'text')
    .addColumn('topic', 'text')
    .addColumn('partition', 'integer')
    .addColumn('first_offset', 'bigint')
    .addColumn('last_offset', 'bigint')
    .addColumn('approvals', 'integer', (column) => column.notNull())
    .addColumn('intent', 'text')
    .addColumn('content', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('audit_events_line', ['writer', 'seq'])
    .execute()
  const index = database.schema.createIndex.bind(database.schema)
  await index('audit_events_topic').on('audit_events').columns(['topic', 'event', 'time']).execute()
  await index('audit_events_subject').on('audit_events').columns(['subject', 'time']).execute()
  await index('audit_events_time').on('audit_events').columns(['time']).execute()
}

/** The index over the audit trail: what segments say, for questions. It is filled anew from them when it is lost. */
export const createAuditIndex: Migration = {
  up: async (database) => {
    await createEvents(database)
    await database.schema
      .createTable('audit_outcomes')
      .addColumn('intent', 'text', (column) => column.primaryKey())
      .addColumn('writer', 'text', (column) => column.notNull())
      .addColumn('seq', 'bigint', (column) => column.notNull())
      .execute()
    await database.schema
      .createTable('audit_cursors')
      .addColumn('folder', 'text', (column) => column.primaryKey())
      .addColumn('segment', 'integer', (column) => column.notNull())
      .addColumn('position', 'bigint', (column) => column.notNull())
      .execute()
  },
}
