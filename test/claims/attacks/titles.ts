import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { listFiles, ROOT } from '../../reporter/fingerprint.ts'

/** A test as its source names it. */
export interface TitledTest {
  /** Relative to the root of the workspace. */
  readonly file: string
  /** As it is written, with the holes of a template. */
  readonly title: string
}

const NUMBERS = /^((?:[A-Z]\d+(?:[-–][A-Z]?\d+)?, )*[A-Z]\d+(?:[-–][A-Z]?\d+)?): /
// A string that begins as such a title does. Whatever table of cases it stands in, it is the name of a test.
const TITLES = /(['"`])((?:[A-Z]\d+(?:[-–][A-Z]?\d+)?, )*[A-Z]\d+(?:[-–][A-Z]?\d+)?: (?:\\.|(?!\1)[^\\])*)\1/g

function numbersOf(item: string): string[] {
  const [, letter, first = '', last = first] = /^([BTSKP])(\d+)(?:[-–][BTSKP]?(\d+))?$/.exec(item) ?? []
  if (letter === undefined) return []
  return Array.from({ length: Number(last) - Number(first) + 1 }, (_, n) => `${letter}${Number(first) + n}`)
}

/** The lines that a test, or a group around it, shows: `T1, T4: …` and `S1–S8: …` begin so. Other lists have other letters. */
export function shownLines(testName: string): string[] {
  return testName.split(' > ').flatMap((part) => NUMBERS.exec(part)?.[1]?.split(', ').flatMap(numbersOf) ?? [])
}

/** Reads the titles that begin with a line from the source of a test. */
export function titlesOf(source: string): string[] {
  return [...source.matchAll(TITLES)].map(([, , title = '']) => title)
}

/** Every test of the workspace whose title begins with a line. */
export function titledTests(): TitledTest[] {
  return listFiles(['packages', 'test'])
    .filter((file) => file.endsWith('.test.ts') && !file.startsWith('test/claims/'))
    .flatMap((file) => titlesOf(readIfPresent(join(ROOT, file))).map((title) => ({ file, title })))
}

function readIfPresent(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
