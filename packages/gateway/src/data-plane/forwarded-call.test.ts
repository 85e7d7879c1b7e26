import type { Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import {
  apiMessage,
  decodeFetchResponse,
  decodeResponseHeader,
  defaultFetchResponse,
  encodeFetchResponse,
  encodeResponseFrame,
  type FetchResponse,
  Reader,
} from '@headgate/wire'
import { expect, test } from 'vitest'
import { type AnswerEdit, answer, forward, type Verdict } from './api.ts'
import { fetch } from './apis/fetch.ts'
import { ForwardedCall } from './forwarded-call.ts'
import type { WholeOutcome } from './pending-answer.ts'
import { ReadBufferPool } from './read-buffers.ts'
import { ResponseOrder } from './response-order.ts'

const HEADER = { apiKey: 1, apiVersion: 11, correlationId: 1, clientId: 'x' }
const FRAME = encodeResponseFrame(1, 11, 1, (writer) => encodeFetchResponse(writer, defaultFetchResponse(), 11))

/** An edit that ends when it is told to, and leaves its mark. */
function slowEdit(mark: number): { edit: AnswerEdit<unknown>; end: () => void } {
  let end = (): void => {}
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  const edit = (response: unknown): Promise<void> =>
    ended.then(() => void Object.assign(response as object, { errorCode: mark }))
  return { edit, end }
}

function createCall(edit: AnswerEdit<unknown>): {
  call: ForwardedCall
  rights: { policy: number; again: Verdict<unknown, unknown> | null }
  failures: string[]
} {
  const order = new ResponseOrder(new PassThrough() as unknown as Socket)
  const rights = { policy: 1, again: null as Verdict<unknown, unknown> | null }
  const failures: string[] = []
  const call = new ForwardedCall({
    header: HEADER,
    message: apiMessage(1),
    api: fetch,
    order,
    slot: order.reserve(),
    edit,
    request: { topics: [] },
    isHolding: false,
    tap: undefined,
    pool: new ReadBufferPool(),
    isStale: () => rights.policy !== 1,
    policy: () => rights.policy,
    decideAgain: () => rights.again,
    fail: (reason) => failures.push(reason),
    settled: () => {},
  })
  return { call, rights, failures }
}

function errorCodeOf(frame: WholeOutcome): number | undefined {
  if (!Buffer.isBuffer(frame)) return undefined
  const { bodyOffset } = decodeResponseHeader(1, 11, frame, 4)
  return (decodeFetchResponse(new Reader(frame, bodyOffset), 11) as FetchResponse).errorCode
}

test('an edit that takes its time is handed on when it is through', async () => {
  const { edit, end } = slowEdit(7)
  const { call } = createCall(edit)
  const whole = call.whole(FRAME)
  expect(whole).toBeInstanceOf(Promise)
  end()
  expect(errorCodeOf(await whole)).toBe(7)
})

test('rights that change while an answer is edited count for it', async () => {
  const [first, second] = [slowEdit(7), slowEdit(8)]
  const { call, rights } = createCall(first.edit)
  const whole = call.whole(FRAME)
  rights.policy = 2
  rights.again = forward(second.edit)
  first.end()
  second.end()
  expect(errorCodeOf(await whole)).toBe(8)
})

test('rights that change again while it is edited again count too', async () => {
  const [first, second] = [slowEdit(7), slowEdit(8)]
  const { call, rights } = createCall(first.edit)
  const whole = call.whole(FRAME)
  rights.policy = 2
  rights.again = forward(second.edit)
  first.end()
  await Promise.resolve()
  rights.policy = 3
  rights.again = answer<unknown, unknown>({ ...defaultFetchResponse(), errorCode: 9 })
  second.end()
  expect(errorCodeOf(await whole)).toBe(9)
})

test('where nothing may be sent any more the connection ends, and nothing is handed on', async () => {
  const { edit, end } = slowEdit(7)
  const { call, rights, failures } = createCall(edit)
  const whole = call.whole(FRAME)
  rights.policy = 2
  end()
  expect(await whole).toBe(undefined)
  expect(failures).toHaveLength(1)
})

test('an answer that was given at the end of the session is not given twice', async () => {
  const { edit, end } = slowEdit(7)
  const { call } = createCall(edit)
  const whole = call.whole(FRAME)
  expect(call.endParked()).toBe(true)
  end()
  expect(await whole).toBe(undefined)
})
