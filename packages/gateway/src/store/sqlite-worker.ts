// The thread that owns the SQLite database: it is the only one that ever waits for the disk.
import { chmodSync, closeSync, fstatSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import type { SqliteReply, SqliteRequest, SqliteValue, SqliteWorkerData } from './sqlite-message.ts'

const MAX_PREPARED = 200

/** SQLite's own codes that an operator can act on; its messages are not passed on. */
const REASONS: Readonly<Record<number, string>> = Object.freeze({
  5: 'another process has it open',
  8: 'it is read-only',
  11: 'it is damaged',
  13: 'the disk is full',
  14: 'the file cannot be opened',
  19: 'a constraint does not hold',
  26: 'it is no database',
})

function reasonOf(error: unknown): string {
  const { errcode, code } = error as { readonly errcode?: unknown; readonly code?: unknown }
  // The low byte is the primary code, the rest says which of its kinds it is.
  if (typeof errcode === 'number') return REASONS[errcode & 0xff] ?? `SQLite code ${errcode}`
  return typeof code === 'string' ? code : 'unexpected'
}

/** Makes the file, and its folder where there is none, readable by their owner alone. */
function prepareFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const file = openSync(path, 'a', 0o600)
  try {
    if ((fstatSync(file).mode & 0o077) !== 0) chmodSync(path, 0o600)
  } finally {
    closeSync(file)
  }
}

/**
 * Opens the database for this process alone.
 *
 * INVARIANT: what a statement has answered survives a power cut: the log is synced at each commit.
 */
function open(path: string): DatabaseSync {
  if (path !== ':memory:') prepareFile(path)
  const database = new DatabaseSync(path, { enableForeignKeyConstraints: true, timeout: 0 })
  database.exec('pragma locking_mode = exclusive')
  database.exec('pragma journal_mode = wal')
  database.exec('pragma synchronous = full')
  // In exclusive mode the lock is taken by the first transaction, and kept.
  database.exec('begin immediate')
  database.exec('commit')
  return database
}

class SqliteThread {
  readonly #database: DatabaseSync
  readonly #prepared = new Map<string, StatementSync>()

  constructor(path: string) {
    this.#database = open(path)
  }

  run({ id, sql, parameters }: SqliteRequest): SqliteReply {
    if (sql === undefined) {
      this.#database.close()
      return { id, ok: true, rows: [], changes: 0n }
    }
    const statement = this.#prepare(sql)
    if (statement.columns().length > 0) {
      const rows = statement.all(...(parameters as SqliteValue[])) as Record<string, SqliteValue>[]
      return { id, ok: true, rows, changes: 0n }
    }
    const { changes } = statement.run(...(parameters as SqliteValue[]))
    return { id, ok: true, rows: [], changes: BigInt(changes) }
  }

  #prepare(sql: string): StatementSync {
    const known = this.#prepared.get(sql)
    if (known !== undefined) return known
    const statement = this.#database.prepare(sql)
    if (this.#prepared.size >= MAX_PREPARED) this.#prepared.clear()
    this.#prepared.set(sql, statement)
    return statement
  }
}

function answer(port: MessagePort, id: number, work: () => SqliteReply): void {
  let reply: SqliteReply
  try {
    reply = work()
  } catch (error) {
    reply = { id, ok: false, reason: reasonOf(error) }
  }
  port.postMessage(reply)
}

function serve(port: MessagePort, { path }: SqliteWorkerData): void {
  let thread: SqliteThread | undefined
  answer(port, 0, () => {
    thread = new SqliteThread(path)
    return { id: 0, ok: true, rows: [], changes: 0n }
  })
  const opened = thread
  // Without a listener the thread ends.
  if (opened === undefined) return
  port.on('message', (request: SqliteRequest) => {
    answer(port, request.id, () => opened.run(request))
    if (request.sql === undefined) port.close()
  })
}

if (parentPort !== null) serve(parentPort, workerData as SqliteWorkerData)
