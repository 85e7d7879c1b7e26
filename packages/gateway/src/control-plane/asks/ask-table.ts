import { createHash } from 'node:crypto'
import type { Insertable, Kysely } from 'kysely'
import type { AskScope, AskState } from '../../control-port.ts'
import type { AskRow, Database } from '../../store/database.ts'
import { type Ask, isEnded } from './ask.ts'
import { dueAtUnixMs } from './ask-machine.ts'

/** Which asks are listed, newest first. */
export interface AskFilter {
  readonly states?: readonly AskState[]
  readonly topic?: string
  readonly asker?: { readonly issuer: string; readonly subject: string }
  /** Only those after this one in the order. */
  readonly after?: { readonly createdAtUnixMs: number; readonly id: string }
  readonly limit: number
}

/** An ask, and the last of its steps that is on the audit record. */
export interface RecordedAsk {
  readonly ask: Ask
  readonly recordedRevision: number
}

/** Names a scope by a digest, whatever characters and lengths its parts have. */
export function scopeDigest({ issuer, subject, protection, topic, operation }: AskScope): string {
  const text = JSON.stringify([issuer, subject, protection, topic, operation])
  return createHash('sha256').update(text).digest('base64url')
}

function columnsOf(ask: Ask): Omit<Insertable<AskRow>, 'recorded_revision'> {
  const { id, revision, state, scope, generation, createdAtUnixMs } = ask
  const { issuer, subject, protection, topic, operation } = scope
  return {
    ...{ id, revision, state, issuer, subject, protection, topic, operation, generation },
    scope_digest: scopeDigest(scope),
    created_at_unix_ms: createdAtUnixMs,
    due_at_unix_ms: isEnded(state) ? null : (dueAtUnixMs(ask) ?? null),
    content: JSON.stringify(ask),
  }
}

function askOf({ content }: Pick<AskRow, 'content'>): Ask {
  return JSON.parse(content) as Ask
}

/** The asks in the store. What is inserted or replaced is there for everybody, or not at all. */
export class AskTable {
  readonly #database: Kysely<Database>

  constructor(database: Kysely<Database>) {
    this.#database = database
  }

  /** Inserts a new ask; `false` when its id, its generation or a live one of its scope is there already. */
  async insert(ask: Ask): Promise<boolean> {
    const { numInsertedOrUpdatedRows = 0n } = await this.#database
      .insertInto('asks')
      .values({ ...columnsOf(ask), recorded_revision: 0 })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst()
    return numInsertedOrUpdatedRows === 1n
  }

  /**
   * Puts a step in the place of the revision that it was taken from; `false` when another step was there first.
   *
   * INVARIANT: this one statement is the only way by which an ask moves on.
   */
  async replace(revision: number, ask: Ask): Promise<boolean> {
    const { state, due_at_unix_ms, content } = columnsOf(ask)
    const { numUpdatedRows } = await this.#database
      .updateTable('asks')
      .set({ revision: ask.revision, state, due_at_unix_ms, content })
      .where('id', '=', ask.id)
      .where('revision', '=', revision)
      .executeTakeFirst()
    return numUpdatedRows === 1n
  }

  async find(id: string): Promise<Ask | undefined> {
    const row = await this.#database.selectFrom('asks').select('content').where('id', '=', id).executeTakeFirst()
    return row && askOf(row)
  }

  async findNewest(scope: AskScope): Promise<Ask | undefined> {
    const row = await this.#database
      .selectFrom('asks')
      .select('content')
      .where('scope_digest', '=', scopeDigest(scope))
      .orderBy('generation', 'desc')
      .limit(1)
      .executeTakeFirst()
    return row && askOf(row)
  }

  async countPending({ issuer, subject }: AskScope): Promise<number> {
    const { count } = await this.#database
      .selectFrom('asks')
      .select(({ fn }) => fn.countAll<number | string>().as('count'))
      .where('issuer', '=', issuer)
      .where('subject', '=', subject)
      .where('state', '=', 'pending')
      .executeTakeFirstOrThrow()
    return Number(count)
  }

  /** The newest ask of every scope, in the order in which they were opened. */
  async newest(): Promise<readonly Ask[]> {
    const rows = await this.#database
      .selectFrom('asks')
      .innerJoin(
        (from) =>
          from
            .selectFrom('asks')
            .select(({ fn }) => ['scope_digest as digest', fn.max('generation').as('greatest')])
            .groupBy('scope_digest')
            .as('last'),
        (join) => join.onRef('last.digest', '=', 'asks.scope_digest').onRef('last.greatest', '=', 'asks.generation'),
      )
      .select('content')
      .orderBy('created_at_unix_ms')
      .orderBy('id')
      .execute()
    return rows.map(askOf)
  }

  /** Asks with steps that are not on the audit record yet, in the order in which they were opened. */
  async unrecorded(): Promise<readonly RecordedAsk[]> {
    const rows = await this.#database
      .selectFrom('asks')
      .select(['content', 'recorded_revision'])
      .whereRef('recorded_revision', '<', 'revision')
      .orderBy('created_at_unix_ms')
      .orderBy('id')
      .execute()
    return rows.map(({ content, recorded_revision }) => ({
      ask: askOf({ content }),
      recordedRevision: recorded_revision,
    }))
  }

  async markRecorded(id: string, revision: number): Promise<void> {
    await this.#database
      .updateTable('asks')
      .set({ recorded_revision: revision })
      .where('id', '=', id)
      .where('recorded_revision', '<', revision)
      .execute()
  }

  async list({ states, topic, asker, after, limit }: AskFilter): Promise<readonly Ask[]> {
    let query = this.#database.selectFrom('asks').select('content')
    if (states !== undefined) query = query.where('state', 'in', [...states])
    if (topic !== undefined) query = query.where('topic', '=', topic)
    if (asker !== undefined) query = query.where('issuer', '=', asker.issuer).where('subject', '=', asker.subject)
    if (after !== undefined) {
      const { createdAtUnixMs, id } = after
      query = query.where(({ eb, and, or }) =>
        or([
          eb('created_at_unix_ms', '<', createdAtUnixMs),
          and([eb('created_at_unix_ms', '=', createdAtUnixMs), eb('id', '<', id)]),
        ]),
      )
    }
    const rows = await query.orderBy('created_at_unix_ms', 'desc').orderBy('id', 'desc').limit(limit).execute()
    return rows.map(askOf)
  }
}
