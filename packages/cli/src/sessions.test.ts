import { readFileSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startTestControlPlane, type TestControlPlane } from '../../gateway/src/control-plane/control-plane-fixture.ts'
import { KeptLog } from '../../gateway/src/control-plane/replay/kept-log-fixture.ts'
import { openTestArchive, type TestArchive } from '../../gateway/src/control-plane/sessions/archive-fixture.ts'
import { contextOf, readOf } from '../../gateway/src/control-plane/sessions/trail-line-fixture.ts'
import { batch, obligation } from '../../gateway/src/data-plane/records/record-set-fixture.ts'
import { type CommandFolder, createCommandFolder } from './command-line-fixture.ts'

const PAGE = readFileSync(new URL('../../../docs/reference/sessions.md', import.meta.url), 'utf8')
const [, POLICY = ''] = /```yaml\n([\s\S]*?)```/.exec(PAGE) ?? []
const HOSTILE = '\u001b[2J\u202egro.live\n'

let archived: TestArchive
let plane: TestControlPlane
let log: KeptLog
let folder: CommandFolder

beforeEach(async () => {
  archived = await openTestArchive()
  log = new KeptLog()
  plane = await startTestControlPlane({}, { archive: archived.archive, audit: archived.trail, records: log })
  writeFileSync(plane.policyPath, POLICY)
  plane.policySource.reload()
  folder = createCommandFolder({ clock: plane.clock })
})
afterEach(async () => {
  folder.remove()
  await plane.close()
  await archived.close()
})

interface Outcome {
  readonly exitCode: number
  readonly out: string
  readonly error: string
}

async function as(subject: string, groups: readonly string[], ...args: string[]): Promise<Outcome> {
  const token = await plane.issuer.sign({ sub: subject, client_id: subject, groups })
  return folder.runWith({ HEADGATE_TOKEN: token, HEADGATE_GATEWAY: plane.url }, 'sessions', ...args)
}

const asAda = (...args: string[]): Promise<Outcome> => as('ada', ['auditors'], ...args)

/** A session that signed in, read records under a mask, and was refused others. */
async function session(): Promise<void> {
  log.add(
    batch(0, {
      records: [
        { key: 'c-1', value: '{"secret":"123456789","note":"a"}', headers: [['x', HOSTILE]] },
        { key: HOSTILE, value: '{"secret"' },
        { key: null, value: null },
      ],
    }),
  )
  archived.archive.noteMask(obligation({ digest: 'then' }))
  archived.trail.append({ event: 'sign-in.accepted', ...contextOf('s-1'), mechanism: 'OAUTHBEARER' })
  const read = readOf('s-1', 'orders', 1, log.range())
  const masking = { maskDigest: 'then', masked: [{ field: 'secret', count: 1 }], withheld: 1 }
  archived.trail.append({ ...read, ...masking } as never)
  archived.trail.append({
    event: 'access.denied',
    ...contextOf('s-1'),
    kafka: { cluster: 'main', topic: 'payments', partition: 2 },
    ...{ resourceType: 'topic', resourceName: 'payments', operation: 'Read', decision: 'deny', reason: 'no-rule' },
    ...{ ruleIds: [], errorCode: 29 },
  })
}

/** Output with what differs from run to run named. */
const still = (out: string): string => out.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC|\d{4}-\d\d-\d\dT\S+Z/g, '(time)')

test('lists sessions and tells what one did', async () => {
  await session()
  const list = await asAda('list', '--principal', 'orders')
  const [, shownList = ''] = /\$ headgate sessions list .*\n([\s\S]*?)\n\$/.exec(PAGE) ?? []
  expect(still(list.out)).toBe(still(shownList))
  expect((await asAda('list', '--topic', 'other')).out).toBe('no sessions\n')

  const shown = await asAda('show', 's-1')
  expect(still(shown.out)).toContain('  who        corp/orders, in g\n')
  expect(still(shown.out)).toContain('#1  10.0.0.1  bootstrap  OAUTHBEARER  app  (time)  1 sign-in\n')
  expect(still(shown.out)).toContain('(time)  denied  Read topic payments[2]: no-rule\n')
  expect(still(shown.out)).toMatch(
    /\(time\) {2}read +orders\[0\] offsets 0–2, 3 records, \d+ bytes; masked secret ×1; withheld 1\n/,
  )
})

test('replays what it saw, under the masks of then, safe for a terminal', async () => {
  await session()
  const { out, exitCode, error } = await asAda('replay', 's-1')
  expect({ exitCode, error }).toEqual({ exitCode: 0, error: '' })
  expect(out).toContain('  then: masked secret ×1; withheld 1\n')
  expect(out).toContain('  c-1 → {"secret":"*****6789","note":"a"}\n      x: \\u{1b}[2J\\u{202e}gro.live\\n\n')
  expect(out).toMatch(/ {2}1 {2}\S+ {2}withheld: not-json\n/)
  expect(out).toMatch(/ {2}2 {2}\S+ {2}null → null\n/)
  expect(out).not.toContain('123456789')
  // The page on sessions shows this very output.
  const [, shown = ''] = /\$ headgate sessions replay s-1\n([\s\S]*?)```/.exec(PAGE) ?? []
  expect(still(out)).toBe(still(shown))
  const replays = await asAda('list')
  expect(still(replays.out)).toMatch(/s-1 .* 1\n/)
  expect((await asAda('show', 's-1')).out).toContain('by corp/ada: orders[0] offsets 0–2')
})

describe('values as they are', () => {
  test('go to a file or a pipe, what is withheld left out', async () => {
    await session()
    expect((await asAda('replay', 's-1', '--raw')).out).toBe('{"secret":"*****6789","note":"a"}\n')
  })

  test('go to no terminal', async () => {
    folder.remove()
    folder = createCommandFolder({ clock: plane.clock, isOutTerminal: true })
    await session()
    const refused = await asAda('replay', 's-1', '--raw')
    expect(refused).toMatchObject({ exitCode: 1, out: '' })
    expect(refused.error).toContain('ERR_CLI_TERMINAL_REFUSED')
  })
})

test('goes on page after page', async () => {
  await session()
  const first = await asAda('replay', 's-1', '--limit', '1')
  const [, after = ''] = /--after (\S+)\n$/.exec(first.error) ?? []
  const second = await asAda('replay', 's-1', '--limit', '1', '--after', after)
  expect(second.out).toContain('from offset 1 on\n')
  const all = await asAda('replay', 's-1', '--limit', '1', '--all', '--json')
  const lines = JSON.parse(all.out).lines as { type: string; offset?: string }[]
  expect(lines.flatMap(({ offset }) => offset ?? [])).toEqual(['0', '1', '2'])
})

test('is for whoever may read the audit, and tells why not', async () => {
  await session()
  for (const args of [['list'], ['show', 's-1'], ['replay', 's-1']]) {
    const refused = await as('eve', [], ...args)
    expect(refused).toMatchObject({ exitCode: 1, out: '' })
    expect(refused.error).toContain('ERR_GATEWAY_SESSION_REFUSED')
  }
  expect((await asAda('show', 'none')).error).toContain('ERR_GATEWAY_SESSION_UNKNOWN')
  expect((await asAda('list', '--limit', '0')).error).toContain('ERR_GATEWAY_SESSION_QUERY')
  expect((await asAda('list', '--since', 'today')).exitCode).toBe(2)
})

test('who may not replay the topic sees what there was, and no record', async () => {
  await session()
  writeFileSync(plane.policyPath, POLICY.replace('replay: [orders], ', ''))
  plane.policySource.reload()
  const { out } = await asAda('replay', 's-1')
  expect(out).toContain('orders[0]  offsets 0–2, 3 records')
  expect(out).toContain('  not shown: no rule lets you replay this topic\n')
  expect(out).not.toContain('c-1')
})
