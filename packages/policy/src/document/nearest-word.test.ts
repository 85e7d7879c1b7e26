import { expect, test } from 'vitest'
import { nearestWord } from './nearest-word.ts'

const WORDS = ['port', 'host', 'id', 'as', 'consume', 'groupsClaim']

test.each([
  ['prot', 'port'],
  ['ports', 'port'],
  ['consum', 'consume'],
  ['cnosmue', 'consume'],
  ['groupclaim', 'groupsClaim'],
  ['GROUPSCLAIM', 'groupsClaim'],
])('`%s` was meant to be `%s`', (typed, word) => {
  expect(nearestWord(typed, WORDS)).toBe(word)
})

test.each(['xx', 'pots-and-pans', 'produce', '', 'c'.repeat(65)])('`%s` is near to nothing', (typed) => {
  expect(nearestWord(typed, WORDS)).toBeUndefined()
})
