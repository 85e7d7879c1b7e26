import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { collectLog } from '../control-plane/control-plane-fixture.ts'
import type { AskRow } from './database.ts'
import { MIGRATIONS } from './migrations/migrations.ts'
import { openStore, type Store } from './store.ts'

let folder: string
let path: string
const opened: Store[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'headgate-store-'))
  path = join(folder, 'state', 'gateway.db')
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()))
  rmSync(folder, { recursive: true, force: true })
})

async function open(at: string | undefined = path): Promise<Store> {
  const store = at === undefined ? undefined : { path: at }
  const result = await openStore({ store, log: collectLog().log })
  opened.push(result)
  return result
}

function row(id: string, changes: Partial<AskRow> = {}): AskRow {
  return {
    ...{ id, revision: 1, state: 'pending', issuer: 'corp', subject: 'ada', protection: 'p', topic: 't' },
    ...{ operation: 'consume', scope_digest: id, generation: 1, created_at_unix_ms: 1_764_000_000_000 },
    ...{ due_at_unix_ms: null, recorded_revision: 0, content: '{}', ...changes },
  }
}

async function advance(store: Store, revision: number): Promise<bigint> {
  const { numUpdatedRows } = await store.database
    .updateTable('asks')
    .set({ revision: revision + 1 })
    .where('id', '=', 'a')
    .where('revision', '=', revision)
    .executeTakeFirst()
  return numUpdatedRows
}

test('what was written is there after the store is closed and opened again', async () => {
  const first = await open()
  await first.database.insertInto('asks').values(row('a')).execute()
  await first.close()
  const again = await open()
  expect(await again.database.selectFrom('asks').selectAll().execute()).toEqual([row('a')])
})

test('the file and its new folder are for their owner alone', async () => {
  const store = await open()
  await store.database.insertInto('asks').values(row('a')).execute()
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(statSync(join(folder, 'state')).mode & 0o777).toBe(0o700)
  expect(statSync(`${path}-wal`).mode & 0o777).toBe(0o600)
})

test('a file that others could read is closed to them', async () => {
  const loose = join(folder, 'loose.db')
  writeFileSync(loose, '', { mode: 0o644 })
  await open(loose)
  expect(statSync(loose).mode & 0o777).toBe(0o600)
})

test('of many who compare and set one revision exactly one wins', async () => {
  const store = await open()
  await store.database.insertInto('asks').values(row('a')).execute()
  const wins = await Promise.all(Array.from({ length: 20 }, () => advance(store, 1)))
  expect(wins.filter((count) => count === 1n)).toHaveLength(1)
})

test('of one scope only one ask is under way, and each generation is there once', async () => {
  const store = await open()
  const insert = (values: AskRow) => store.database.insertInto('asks').values(values).execute()
  const scope = { scope_digest: 's' }
  await insert(row('a', scope))
  await expect(insert(row('b', { ...scope, generation: 2 }))).rejects.toMatchObject({
    code: 'ERR_GATEWAY_STORE_FAILED',
  })
  await insert(row('c', { ...scope, generation: 2, state: 'denied' }))
  await expect(insert(row('d', { ...scope, generation: 2, state: 'denied' }))).rejects.toMatchObject({
    details: { reason: 'a constraint does not hold' },
  })
})

test('a transaction that fails leaves nothing, and statements beside it stay out of it', async () => {
  const store = await open()
  const failing = store.database.transaction().execute(async (transaction) => {
    await transaction.insertInto('asks').values(row('a')).execute()
    throw new Error('not so')
  })
  const beside = store.database.insertInto('asks').values(row('b')).execute()
  await expect(failing).rejects.toThrow('not so')
  await beside
  expect(await store.database.selectFrom('asks').select('id').execute()).toEqual([{ id: 'b' }])
})

test('a store without a file lives in memory', async () => {
  const { log, lines } = collectLog()
  const store = await openStore({ store: undefined, log })
  opened.push(store)
  await store.database.insertInto('asks').values(row('a')).execute()
  expect(await store.database.selectFrom('asks').selectAll().execute()).toEqual([row('a')])
  expect(lines).toEqual([])
})

test.each([
  ['another process has it open', async () => void (await open())],
  ['it is no database', async () => void writeFileSync(path, 'x'.repeat(4_096))],
  [
    'its schema is not one of this version, or cannot be brought up to it',
    async () => {
      await (await open()).close()
      const database = new DatabaseSync(path)
      database.exec("insert into kysely_migration values ('9999-later', '2099-01-01')")
      database.close()
    },
  ],
])('a store that cannot be opened says why: %s', async (reason, prepare) => {
  await (await open()).close()
  await prepare()
  await expect(open()).rejects.toMatchObject({ code: 'ERR_GATEWAY_STORE_OPEN', details: { path, reason } })
})

test('what a killed process had been answered is there afterwards', async () => {
  const program = join(folder, 'writer.mjs')
  const source = new URL('./store.ts', import.meta.url).href
  writeFileSync(
    program,
    `const { openStore } = await import(${JSON.stringify(source)})
    const store = await openStore({ store: { path: ${JSON.stringify(path)} }, log: { info() {}, warn() {} } })
    const row = ${JSON.stringify(row('a'))}
    for (let n = 1; ; n += 1) {
      await store.database.insertInto('asks').values({ ...row, id: String(n), scope_digest: String(n) }).execute()
      process.send(n)
    }`,
  )
  const child = fork(program, { execArgv: ['--conditions=@headgate/source'] })
  let answered = 0
  child.on('message', (n) => {
    answered = Number(n)
    if (answered === 20) child.kill('SIGKILL')
  })
  await once(child, 'exit')
  const { database } = await open()
  const { count } = await database
    .selectFrom('asks')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  expect(count).toBeGreaterThanOrEqual(answered)
}, 30_000)

test('the names of migrations are in the order in which they are carried out', () => {
  expect(Object.keys(MIGRATIONS)).toEqual(Object.keys(MIGRATIONS).sort())
})
