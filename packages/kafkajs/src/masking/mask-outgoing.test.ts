import { Operation } from '@headgate/policy'
import { expect, test } from 'vitest'
import type { Message } from '#kafkajs'
import { clientMask, decideBy, obligationOf } from '../testing/obligations.ts'
import { maskOutgoing } from './mask-outgoing.ts'
import { MaskTally } from './mask-tally.ts'
import { TopicMasks } from './topic-mask.ts'

const written = `
topics:
  - match: [orders]
    format: json
    mask:
      - { fields: ssn, with: last-4, on: [produce] }
      - { fields: read, with: remove }
      - { headers: [x-user], with: remove, on: [produce] }
rules:
  - { id: writes, who: { subjects: [orders] }, may: { produce: [orders] } }
`
const mask =
  new TopicMasks().of(decideBy(written, 'orders', Operation.Write)) ?? clientMask(obligationOf({}, 'withhold'))

test('what is sent is masked in the copy, as the policy says of what is written', () => {
  const own = Buffer.from('{"ssn":"123456789","read":1}')
  const given: Message[] = [
    { key: 'ada', value: own, headers: { 'x-user': 'ada', h: 'b', 'headgate-withheld': 'mine' } },
    { value: '{"ssn":"987654321"}' },
    { value: null },
    { value: '{"n":1.0}' },
  ]
  const tally = new MaskTally()
  maskOutgoing(mask, { topic: 'orders', messages: given }, tally)

  expect(given.map(({ value }) => value && `${value}`)).toEqual([
    '{"ssn":"*****6789","read":1}',
    '{"ssn":"*****4321"}',
    null,
    '{"n":1.0}',
  ])
  expect(given[0]).toMatchObject({ key: 'ada', headers: { h: 'b', 'headgate-withheld': 'mine' } })
  expect(given[0]?.headers).not.toHaveProperty('x-user')
  expect(`${own}`).toBe('{"ssn":"123456789","read":1}')
  expect([tally.maskedCount, tally.fields]).toEqual([3, ['ssn', 'header:x-user']])
})

test('a record that cannot be masked refuses the call, and its error quotes nothing of it', () => {
  const messages: Message[] = [{ value: '{}' }, { value: '{"ssn":"secret' }]
  const send = (): void => maskOutgoing(mask, { topic: 'orders', messages }, new MaskTally())

  expect(send).toThrow(
    expect.objectContaining({
      code: 'ERR_KAFKAJS_RECORD_REFUSED',
      type: 'INVALID_RECORD',
      retriable: false,
      refusal: { topic: 'orders', index: 1, reason: 'not-json' },
      message: expect.not.stringContaining('secret'),
    }),
  )
})

test('what needs a key for tokens is left to the gateway', () => {
  const token = clientMask(
    obligationOf(
      {
        value: [{ fields: 'id', with: { type: 'token', label: 'id' } }],
        headers: [{ name: 'h', with: { type: 'token', label: 'id' } }],
      },
      'withhold',
    ),
  )
  const messages: Message[] = [{ value: '{"id":"c-7"}', headers: { h: ['c-7'] } }]
  maskOutgoing(token, { topic: 'orders', messages }, new MaskTally())

  expect(messages).toEqual([{ value: '{"id":"c-7"}', headers: { h: ['c-7'] } }])
})
