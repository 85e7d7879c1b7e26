import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { hashLine } from './event-line.ts'
import { denial, FOLDER, key, otherKey, read, TrailSetting } from './trail-fixture.ts'
import type { TrailReport } from './trail-report.ts'

const SEGMENTS = 3
let texts: readonly string[] = []
let checkpoint: string | undefined
let earlier: string | undefined

beforeAll(async () => {
  const setting = new TrailSetting()
  const writer = await setting.open({ maxSegmentBytes: 2_900 })
  for (let index = 0; index < 4; index++) await writer.record([read(index * 10, index * 10 + 9), denial(`t-${index}`)])
  earlier = writer.newestCheckpoint
  await writer.close()
  checkpoint = writer.newestCheckpoint
  texts = setting.files.texts(FOLDER)
})

function settingOf(changed: readonly (string | Buffer)[]): TrailSetting {
  const setting = new TrailSetting()
  changed.forEach((text, index) => {
    if (text === '') return
    const bytes = Buffer.from(text)
    setting.files.files.set(`${FOLDER}/segment-${String(index + 1).padStart(10, '0')}.jsonl`, {
      bytes,
      durableBytes: bytes,
    })
  })
  return setting
}

function verify(changed: readonly (string | Buffer)[], known?: string): Promise<TrailReport> {
  return settingOf(changed).verify(known)
}

/** Changes the lines of one segment. */
function withLines(segment: number, change: (lines: string[]) => string[]): string[] {
  return texts.map((text, index) => {
    if (index !== segment) return text
    return change(text.trimEnd().split('\n'))
      .map((line) => `${line}\n`)
      .join('')
  })
}

test('a trail that nobody touched is intact, all of it', async () => {
  expect(texts.length).toBe(SEGMENTS)
  expect(await verify(texts, checkpoint)).toMatchObject({
    isIntact: true,
    fault: undefined,
    segments: SEGMENTS,
    firstSeq: 1,
    verifiedEvents: 9,
    unprotectedEvents: 0,
    isClosed: true,
  })
  expect((await verify(texts, earlier)).isIntact).toBe(true)
})

test('an edited line is named', async () => {
  const edited = withLines(1, (lines) =>
    lines.map((line, index) =>
      index === 1
        ? line.replace('t-', 'x-').replace('"39"', '"38"').replace('"29"', '"28"').replace('"19"', '"18"')
        : line,
    ),
  )

  expect(edited[1]).not.toBe(texts[1])
  expect((await verify(edited)).fault).toEqual({ code: 'line-changed', file: 'segment-0000000002.jsonl', line: 2 })
})

test('a line that is gone is missed where the next one stands', async () => {
  const cut = withLines(0, (lines) => lines.toSpliced(2, 1))
  const report = await verify(cut)

  expect(report.fault).toEqual({ code: 'lines-missing', file: 'segment-0000000001.jsonl', line: 3 })
  expect(report.verifiedEvents).toBe(0)
})

test('lines in another order are found', async () => {
  const swapped = withLines(0, (lines) => [lines[0] ?? '', lines[2] ?? '', lines[1] ?? '', ...lines.slice(3)])

  expect((await verify(swapped)).fault).toMatchObject({ code: 'lines-missing', line: 2 })
})

test('a line that stands twice is found', async () => {
  const doubled = withLines(0, (lines) => lines.toSpliced(2, 0, lines[1] ?? ''))

  expect((await verify(doubled)).fault).toMatchObject({ code: 'line-out-of-order', line: 3 })
})

test('a segment that is gone is found, at the start, in the middle, and at the end by a checkpoint kept elsewhere', async () => {
  const [first = '', second = '', third = ''] = texts

  expect((await verify(['', second, third])).fault?.code).toBe('start-missing')
  expect((await verify([first, '', third])).fault?.code).toBe('lines-missing')
  expect(await verify([first, second, ''])).toMatchObject({ isIntact: true, isClosed: false })
  expect((await verify([first, second, ''], checkpoint)).fault?.code).toBe('end-missing')
})

test('a cut at the end is found by a checkpoint kept elsewhere, and without one counted as unprotected', async () => {
  const cut = withLines(2, (lines) => lines.slice(0, -1))
  const report = await verify(cut)

  expect(report).toMatchObject({ isIntact: true, isClosed: false })
  expect(report.verifiedEvents + report.unprotectedEvents).toBe(9)
  expect((await verify(cut, checkpoint)).fault?.code).toBe('end-missing')
})

test('a start that is gone is not excused by a line that nobody has signed', async () => {
  const [, second = '', third = ''] = texts
  const last = third.trimEnd().split('\n').at(-1) ?? ''
  const { v, writer, gateway, time, seq } = JSON.parse(last)
  const removed = { code: 'K1013I', event: 'audit.removed', uid: 'x', segments: 1, throughSeq: seq }
  const line = JSON.stringify({ v, seq: seq + 1, prev: hashLine(Buffer.from(last)), writer, gateway, time, ...removed })

  expect(await verify(withLines(2, (lines) => [...lines, line]))).toMatchObject({
    isIntact: true,
    unprotectedEvents: 1,
  })
  expect((await verify(['', second, `${third}${line}\n`])).fault?.code).toBe('start-missing')
})

test('a last line without an end is found', async () => {
  const torn = texts.map((text, index) => (index === 2 ? text.slice(0, -5) : text))

  expect((await verify(torn)).fault).toMatchObject({ code: 'line-torn', file: 'segment-0000000003.jsonl' })
})

test('a history written anew with another key is found', async () => {
  const setting = new TrailSetting()
  const forger = await setting.open({ key: { ...otherKey, thumbprint: key.thumbprint } })
  await forger.record([read(0, 0)])
  await forger.close()

  expect((await setting.verify()).fault).toMatchObject({ code: 'checkpoint-forged', line: 1 })
})

test('a history written anew with the right key is found by a checkpoint kept elsewhere', async () => {
  const setting = new TrailSetting()
  const writer = await setting.open({ maxSegmentBytes: 2_900 })
  for (let index = 0; index < 20; index++) await writer.record([read(index, index)])
  await writer.close()

  expect((await setting.verify()).isIntact).toBe(true)
  expect((await setting.verify(checkpoint)).fault?.code).toBe('other-history')
})

test('a checkpoint from elsewhere that no key signed proves nothing', async () => {
  const forged = checkpoint?.replace('"seq":', '"seq":1')

  expect((await verify(texts, forged)).fault?.code).toBe('known-checkpoint-forged')
})

test('an empty folder is no trail', async () => {
  expect((await verify([])).fault?.code).toBe('no-segments')
})

test('any single byte that is changed, added or taken away is found [audit-any-byte]', async () => {
  const sizes = texts.map((text) => Buffer.from(text).length)
  const place = fc
    .integer({ min: 0, max: SEGMENTS - 1 })
    .chain((segment) => fc.tuple(fc.constant(segment), fc.integer({ min: 0, max: (sizes[segment] ?? 1) - 1 })))
  await fc.assert(
    fc.asyncProperty(
      place,
      fc.integer({ min: 1, max: 255 }),
      fc.constantFrom('flip', 'add', 'take'),
      async ([segment, at], by, how) => {
        const bytes = Buffer.from(texts[segment] ?? '')
        const before = bytes[at] ?? 0
        const middle = { flip: [before ^ by], add: [by, before], take: [] }[how] ?? []
        const changed = Buffer.concat([bytes.subarray(0, at), Buffer.from(middle), bytes.subarray(at + 1)])
        const report = await verify(texts.map((text, index) => (index === segment ? changed : text)))

        expect(report.isIntact).toBe(changed.equals(bytes))
      },
    ),
    { numRuns: Number(process.env['HEADGATE_FUZZ_RUNS'] ?? 1_000) },
  )
}, 600_000)
