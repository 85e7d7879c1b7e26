import { expect, test } from 'vitest'
import type { Who } from '../document/document.ts'
import type { Principal } from '../principal.ts'
import { matchWho } from './who.ts'

const ada: Principal = { issuer: 'corp', subject: 'ada', groups: ['analytics', 'eu'] }
const person: Principal = { issuer: 'corp', subject: 'eve', groups: [], kind: 'human', claims: { dept: ['risk'] } }
const ghost: Principal = { issuer: 'corp', subject: 'ghost', groups: undefined }

test.each<[Who, Principal, string]>([
  ['everyone', ghost, 'true'],
  [{ groups: ['eu', 'us'] }, ada, 'true'],
  [{ groups: ['us'] }, ada, 'false'],
  [{ issuers: ['corp'], subjects: ['ada'], groups: ['eu'] }, ada, 'true'],
  [{ issuers: ['partner'], subjects: ['ada'] }, ada, 'false'],
  [{ subjects: ['Ada'] }, ada, 'false'],
  [{ groups: ['eu'] }, ghost, 'unknown'],
  [{ subjects: ['ada'], groups: ['eu'] }, ghost, 'false'],
  [{ not: { groups: ['eu'] } }, ada, 'false'],
  [{ not: { groups: ['us'] } }, ada, 'true'],
  [{ not: { groups: ['us'] } }, ghost, 'unknown'],
  [{ not: { subjects: ['ada'], groups: ['us'] } }, ghost, 'true'],
  [{ groups: ['eu'], not: { subjects: ['ada'] } }, ada, 'false'],
  [{ subjects: ['ada'], not: { groups: ['eu'] } }, ghost, 'false'],
  [{ kinds: ['human'] }, person, 'true'],
  [{ kinds: ['service', 'agent'] }, person, 'false'],
  [{ kinds: ['human'] }, ada, 'unknown'],
  [{ not: { kinds: ['human'] } }, ada, 'unknown'],
  [{ claims: { dept: ['risk', 'audit'] } }, person, 'true'],
  [{ claims: { dept: ['sales'] } }, person, 'false'],
  [{ claims: { dept: ['risk'], level: ['high'] } }, person, 'unknown'],
  [{ claims: { dept: ['sales'], level: ['high'] } }, person, 'false'],
  [{ not: { claims: { level: ['low'] } } }, person, 'unknown'],
])('%j concerns %j: %s', (who, principal, expected) => {
  expect(matchWho(who, principal)).toBe(expected)
})

test('what cannot be evaluated is unknown, so that it denies and does not grant', () => {
  const odd = { issuer: 'corp', subject: undefined, groups: 'eu' } as unknown as Principal
  expect(matchWho({ groups: ['eu'] }, odd)).toBe('unknown')
  expect(matchWho({ subjects: ['ada'] }, odd)).toBe('unknown')
})

test('T10: group values are opaque', () => {
  const principal: Principal = { issuer: 'corp', subject: 'x', groups: ['*', '__proto__', 'a b,c'] }
  expect(matchWho({ groups: ['constructor', 'a b'] }, principal)).toBe('false')
  expect(matchWho({ groups: ['__proto__'] }, principal)).toBe('true')
})

test('T10: a claim is one that the issuer states, never one that every object has', () => {
  const principal: Principal = { issuer: 'corp', subject: 'x', groups: [], claims: { dept: ['__proto__', '*', 'a,b'] } }
  expect(matchWho({ claims: { constructor: ['Object'] } }, principal)).toBe('unknown')
  expect(matchWho({ claims: { dept: ['a'] } }, principal)).toBe('false')
  expect(matchWho({ claims: { dept: ['__proto__'] } }, principal)).toBe('true')
})
