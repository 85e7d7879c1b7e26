import { compileProgram, decide, Operation, type Principal, parsePolicy } from '@headgate/policy'
import { expect, it } from 'vitest'
import { brokersIssuer, residualOf } from './principal-residual.ts'

const POLICY = `
rules:
  - { id: all, who: everyone, may: { consume: [open] } }
  - { id: by-name, who: { subjects: [ledger] }, may: { consume: [ledgers] } }
  - { id: of-corp, who: { issuers: [corp], subjects: [ledger] }, may: { consume: [corps] } }
  - { id: of-brokers, who: { issuers: ["brokers:main"], subjects: [ledger] }, may: { consume: [brokers] } }
  - { id: of-others, who: { issuers: ["brokers:other"] }, may: { consume: [others] } }
  - { id: not-corp, who: { not: { issuers: [corp] } }, may: { consume: [nots] } }
  - { id: never, who: { subjects: [ledger] }, never: { produce: [brokers] } }
  - { id: writes, who: { issuers: ["brokers:main"] }, may: { produce: ["*"] } }
`

function readable(principal: Principal): string[] {
  const parsed = parsePolicy({ path: 'policy.yaml', text: POLICY }, () => '')
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const program = compileProgram(residualOf({ revision: 1, digest: '', document: parsed.document }, principal))
  const topics = ['open', 'ledgers', 'corps', 'brokers', 'others', 'nots']
  const read = topics.filter((topic) => decide(program, 'topic', Operation.Read, topic).effect === 'allow')
  const writes = ['brokers', 'open'].filter(
    (topic) => decide(program, 'topic', Operation.Write, topic).effect === 'allow',
  )
  return [...read, ...writes.map((topic) => `>${topic}`)]
}

it('to a name that brokers vouch for, only a rule grants something that names its issuer', () => {
  expect(readable({ issuer: brokersIssuer('main'), subject: 'ledger', groups: undefined })).toEqual([
    'brokers',
    '>open',
  ])
  expect(readable({ issuer: brokersIssuer('other'), subject: 'ledger', groups: undefined })).toEqual(['others'])
})

it('nothing changes for others', () => {
  expect(readable({ issuer: 'corp', subject: 'ledger', groups: [] })).toEqual(['open', 'ledgers', 'corps'])
})
