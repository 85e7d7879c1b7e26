import { readFileSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { startTestControlPlane, type TestControlPlane } from '../../gateway/src/control-plane/control-plane-fixture.ts'
import { TestClock } from '../../gateway/src/identity/token-fixture.ts'
import { type CommandFolder, createCommandFolder } from './command-line-fixture.ts'

const PAGE = readFileSync(new URL('../../../docs/reference/approvals.md', import.meta.url), 'utf8')
const [, POLICY = ''] = /```yaml\n([\s\S]*?)```/.exec(PAGE) ?? []

let plane: TestControlPlane
let folder: CommandFolder

beforeEach(async () => {
  plane = await startTestControlPlane()
  writeFileSync(plane.policyPath, POLICY)
  plane.policySource.reload()
  folder = createCommandFolder({ clock: plane.clock })
})
afterEach(async () => {
  folder.remove()
  await plane.close()
})

interface Outcome {
  readonly exitCode: number
  readonly out: string
  readonly error: string
}

/** Runs a command line as somebody of the issuer. */
async function as(subject: string, groups: readonly string[], ...args: string[]): Promise<Outcome> {
  const token = await plane.issuer.sign({ sub: subject, client_id: subject, groups })
  return folder.runWith({ HEADGATE_TOKEN: token, HEADGATE_GATEWAY: plane.url }, ...args)
}

const PATIENT = { timeout: 10_000, interval: 5 }
const LEADS = ['payments-leads']
const asJob = (...args: string[]): Promise<Outcome> => as('billing-job', [], ...args)
const asAda = (...args: string[]): Promise<Outcome> => as('ada', LEADS, ...args)

/** Asks, and gives the id. */
async function request(...more: string[]): Promise<string> {
  const { out, exitCode } = await asJob('request', 'payments', '--reason', 'month end', '--json', ...more)
  expect(exitCode).toBe(0)
  return JSON.parse(out).asks[0].id
}

/** Output with what differs from run to run named. */
function still(out: string, id: string): string {
  return out.replaceAll(id, 'ask_1').replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/g, '(time)')
}

test('a request tells what was asked for, and who decides on it', async () => {
  const { exitCode, out, error } = await asJob('request', 'payments', '--reason', 'month end', '--for', '90m')
  expect({ exitCode: 1, out, error }).toEqual({
    exitCode,
    out: '',
    error: 'headgate: the gateway refused: the protection gives 3600 s at the longest (ERR_GATEWAY_ASK_TIME)\n',
  })
  const asked = await asJob('request', 'payments', '--reason', 'month end', '--for', '10m')
  const [id = ''] = /ask_\S+/.exec(asked.out) ?? []
  expect(asked.exitCode).toBe(0)
  // The page on approvals shows this very output.
  const [, shown = ''] = /^\$ headgate request payments .*\n([\s\S]*?)```/m.exec(PAGE) ?? []
  const [shownId = ''] = /ask_\S+/.exec(shown) ?? []
  expect(still(asked.out, id)).toBe(still(shown, shownId))
})

test('a long reason is shown to its end, on one line of its own, before it is approved, and as JSON in full', async () => {
  const long = `${'month end '.repeat(40)}\u001b[2J\n  approved  2 of 2\u202e and also the salaries\u009b2J\u{e0001}`
  const { out } = await asJob('request', 'payments', '--reason', long, '--json')
  expect(JSON.parse(out).asks[0].reason).toBe(long)
  expect(out).not.toMatch(/[^\P{C}\n]/u)
  const [{ id }] = JSON.parse(out).asks
  const shown = (await asAda('approvals', 'approve', id)).out
  const [, why = ''] = /^ {2}why {7}(.*)$/m.exec(shown) ?? []
  expect(why).toMatch(/^month end .*\[2J {2}approved {2}2 of 2 and also the salaries2J$/)
  expect(shown).not.toMatch(/[^\P{C}\n]/u)
})

test('approving shows what is approved, by whom, why and for how long, and what came of it', async () => {
  const id = await request()
  const first = await asAda('approvals', 'approve', id, '--reason', 'books close')
  expect(first.exitCode).toBe(0)
  expect(still(first.out, id)).toContain('why       month end\n  for       1 h from the last approval\n')
  expect(still(first.out, id)).toMatch(/\npending: 1 more person has to approve by \(time\)\n$/)

  const second = await as('grace', LEADS, 'approvals', 'approve', id)
  expect(still(second.out, id)).toContain('approved  1 of 2: corp/ada\n')
  expect(still(second.out, id)).toContain('(time)  approved by corp/ada: books close\n')
  expect(still(second.out, id)).toMatch(/\nactive until \(time\)\n$/)

  plane.clock.advance(60_000)
  const shown = await asJob('approvals', 'show', id)
  expect(still(shown.out, id)).toContain('for       1 h, from (time) to (time)\n')
  expect(still(shown.out, id)).toContain('ends      in 59 min\n')
  expect(still(shown.out, id)).toContain('(time)  active by the clock\n')

  expect((await asAda('approvals', 'revoke', id, '--reason', 'done')).out).toMatch(/\nrevoked\n$/)
})

test('the list is a table, of what is under way unless more is asked for', async () => {
  const id = await request()
  const { out } = await asAda('approvals', 'list')
  expect(still(out, id).replace(/ +/g, ' ')).toBe(
    `ask state who wants to approved next why
ask_1 pending corp/billing-job consume payments 0 of 2 decide in 30 min month end
`,
  )
  await asAda('approvals', 'deny', id, '--reason', 'not now')
  expect(await asAda('approvals', 'list')).toEqual({ exitCode: 0, out: 'no asks\n', error: '' })
  expect((await asAda('approvals', 'list', '--state', 'all')).out).toContain('denied')
  expect((await asAda('approvals', 'list', '--state', 'denied', '--topic', 'orders')).out).toBe('no asks\n')
  expect((await asAda('approvals', 'list', '--state', 'all', '--mine')).out).toBe('no asks\n')
  const machine = JSON.parse((await asAda('approvals', 'list', '--state', 'all', '--json')).out)
  expect(machine).toMatchObject({ ok: true, asks: [{ id, state: 'denied' }] })
})

describe('exit codes', () => {
  test.each([
    ['a denial without a reason', ['approvals', 'deny', 'ask_1']],
    ['a duration that is none', ['request', 'payments', '--for', 'long']],
    ['a start without a zone', ['request', 'payments', '--start', '2026-11-30T02:00']],
    ['an ask that is not named', ['approvals', 'approve']],
  ])('2 for %s', async (_name, args) => {
    expect(await asAda(...args)).toMatchObject({ exitCode: 2, out: '' })
  })

  test('1 for a refusal, with the gateway’s code', async () => {
    const id = await request()
    const refused = await as('olga', LEADS, 'approvals', 'approve', id, '--json')
    expect({ ...refused, out: JSON.parse(refused.out) }).toMatchObject({
      exitCode: 1,
      out: { ok: false, code: 'ERR_GATEWAY_ASK_OWN' },
    })
    const twice = await asJob('request', 'payments', '--reason', 'again')
    expect(twice.error).toContain('(ERR_GATEWAY_ASK_EXISTS)')
    expect(twice.error).toContain(id)
    expect((await as('eve', [], 'approvals', 'show', id)).error).toContain('(ERR_GATEWAY_ASK_UNKNOWN)')
  })
})

test('a reason is added to what traffic has opened, and an ask is taken back', async () => {
  const scope = { issuer: 'corp', subject: 'billing-job', protection: 'payments-approval', topic: 'payments' }
  const [approval] = plane.policySource.current.document.topics.flatMap(({ approval: found }) => found ?? [])
  if (approval === undefined) throw new Error('no approval')
  await plane.asks.openForTraffic({
    ...{ id: 'ask_t', owners: ['olga'], ruleIds: [], policyRevision: 1 },
    scope: { ...scope, operation: 'consume' },
    approval: { ...approval, protection: 'payments-approval' },
    origin: { kind: 'traffic', sessionId: 's', clientId: 'c' },
  })
  const bare = await asAda('approvals', 'show', 'ask_t')
  expect(bare.out).toContain('why       no reason yet, and one is required before it can be approved\n')
  expect((await asAda('approvals', 'approve', 'ask_t')).error).toContain('(ERR_GATEWAY_ASK_REASON_MISSING)')
  expect((await as('olga', [], 'approvals', 'reason', 'ask_t', '--reason', 'month end')).exitCode).toBe(0)
  expect((await asAda('approvals', 'approve', 'ask_t')).exitCode).toBe(0)
  expect((await asJob('approvals', 'cancel', 'ask_t')).out).toMatch(/\ncanceled\n$/)
})

test('waiting ends with the decision, and the exit code tells it', async () => {
  // A clock of its own: waiting is not to make the token old.
  const clock = new TestClock(plane.clock.nowUnixMs())
  const asking = createCommandFolder({ clock })
  const wait = async (): Promise<Outcome> => {
    const token = await plane.issuer.sign({ sub: 'billing-job', client_id: 'billing-job', groups: [] })
    const environment = { HEADGATE_TOKEN: token, HEADGATE_GATEWAY: plane.url }
    return asking.runWith(environment, 'request', 'payments', '--reason', 'month end', '--wait')
  }
  const pending = async (): Promise<string> =>
    vi.waitFor(async () => {
      const [ask] = await plane.asks.list({ limit: 1, states: ['pending'] })
      return ask?.id ?? Promise.reject(new Error('none yet'))
    }, PATIENT)
  const endOf = async (outcome: Promise<Outcome>): Promise<Outcome> => {
    let ended: Outcome | undefined
    void outcome.then((result) => {
      ended = result
    })
    return vi.waitFor(() => {
      clock.advance(2_000)
      return ended ?? Promise.reject(new Error('not yet'))
    }, PATIENT)
  }
  try {
    const denied = wait()
    await asAda('approvals', 'deny', await pending(), '--reason', 'no')
    expect(await endOf(denied)).toMatchObject({ exitCode: 1, out: expect.stringMatching(/\nask_\S+ {2}denied\n$/) })

    const given = wait()
    const id = await pending()
    await asAda('approvals', 'approve', id)
    await as('grace', LEADS, 'approvals', 'approve', id)
    expect(await endOf(given)).toMatchObject({ exitCode: 0, out: expect.stringMatching(/active until/) })
  } finally {
    asking.remove()
  }
}, 30_000)
