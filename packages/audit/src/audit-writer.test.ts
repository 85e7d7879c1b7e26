import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { readTrail, TRAIL_START } from './read-events.ts'
import { denial, FOLDER, read, TrailSetting } from './trail-fixture.ts'

const events = (setting: TrailSetting): unknown[] => setting.files.lines(FOLDER).map(({ event }) => event)

async function until(holds: () => boolean): Promise<void> {
  for (let turns = 0; turns < 1_000 && !holds(); turns++) await turn()
  expect(holds()).toBe(true)
}

test('a line has the envelope, and the known keys of its event alone', async () => {
  const setting = new TrailSetting()
  const writer = await setting.open()
  await writer.record([{ ...denial(), value: 'secret', key: 'secret' } as never])

  const line = setting.files.lines(FOLDER).at(-1)
  expect(line).toMatchObject({ v: 1, seq: 3, writer: writer.writer, gateway: 'gate-1', code: 'K3001W', ...denial() })
  expect(line?.['time']).toBe('2026-01-01T00:00:00.000Z')
  expect(setting.files.texts(FOLDER).join('')).not.toContain('secret')
})

test('all that waits becomes durable by one write and one sync', async () => {
  const setting = new TrailSetting()
  const writer = await setting.open()
  const { writes, syncs } = setting.files
  await Promise.all(Array.from({ length: 500 }, (_, index) => writer.record([read(index, index)])))

  expect(setting.files.writes - writes).toBeLessThanOrEqual(2)
  expect(setting.files.syncs - syncs).toBeLessThanOrEqual(2)
  await writer.close()
  expect(await setting.verify()).toMatchObject({ isIntact: true, verifiedEvents: 501, isClosed: true })
})

test('record resolves only when what it took is durable', async () => {
  const setting = new TrailSetting()
  const writer = await setting.open()
  const path = [...setting.files.files.keys()][0] ?? ''
  await writer.record([read(41, 42)])

  expect(setting.files.files.get(path)?.durableBytes.toString()).toContain('"lastOffset":"42"')
})

test('what nobody waits for is written a moment later', async () => {
  const setting = new TrailSetting()
  const writer = await setting.open({ flushMs: 100 })
  await turn()
  writer.append(denial())
  await turn()
  expect(events(setting)).not.toContain('access.denied')
  setting.clock.advance(100)
  await until(() => events(setting).includes('access.denied'))
})

test('checkpoints come by time where events came, and more seldom where none did', async () => {
  const setting = new TrailSetting()
  const writer = await setting.open({ checkpointMs: 10_000, idleCheckpointMs: 60_000 })
  const why = (): unknown[] => setting.files.lines(FOLDER).flatMap((line) => line['why'] ?? [])
  setting.clock.advance(10_000)
  await until(() => why().length === 2)
  for (let step = 0; step < 6; step++) {
    setting.clock.advance(10_000)
    await turn()
  }
  await until(() => why().length === 3)
  await writer.close()

  expect(why()).toEqual(['opened', 'interval', 'idle', 'closed'])
})

test('a segment ends when it is full or old, and the chain goes on in the next one', async () => {
  const setting = new TrailSetting()
  const writer = await setting.open({ maxSegmentBytes: 4_000, maxSegmentAgeMs: 60_000 })
  for (let index = 0; index < 20; index++) await writer.record([read(index, index)])
  const bySize = setting.files.texts(FOLDER).length
  setting.clock.advance(60_000)
  await writer.record([denial()])
  await writer.record([denial()])
  await writer.close()

  expect(bySize).toBeGreaterThan(2)
  expect(setting.files.texts(FOLDER).length).toBe(bySize + 1)
  expect(await setting.verify()).toMatchObject({ isIntact: true, verifiedEvents: 23, isClosed: true })
})

test('after a kill in the middle of a line the line is cut, the loss told, and the chain goes on', async () => {
  const setting = new TrailSetting()
  const writer = await setting.open()
  await writer.record([read(1, 5)])
  const path = [...setting.files.files.keys()][0] ?? ''
  const file = setting.files.files.get(path)
  if (file !== undefined) file.bytes = Buffer.concat([file.bytes, Buffer.from('{"v":1,"seq":4,"pr')])
  setting.files.kill()
  const next = await setting.open()
  await next.record([read(6, 9)])
  await next.close()

  expect(next.writer).toBe(writer.writer)
  expect(setting.files.lines(FOLDER)).toContainEqual(
    expect.objectContaining({ code: 'K1011W', event: 'audit.reopened', cutBytes: 18 }),
  )
  expect(setting.files.lines(FOLDER).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7])
  expect(await setting.verify()).toMatchObject({ isIntact: true, isClosed: true, segments: 2 })
})

test('a segment that a kill ended before its first line goes, and its number is used again', async () => {
  const setting = new TrailSetting()
  const writer = await setting.open()
  await writer.close()
  setting.files.files.set(`${FOLDER}/segment-0000000002.jsonl`, {
    bytes: Buffer.from('{"v":1'),
    durableBytes: Buffer.alloc(0),
  })
  const next = await setting.open()
  await next.close()

  expect(setting.files.lines(FOLDER)).toContainEqual(expect.objectContaining({ event: 'audit.reopened', cutBytes: 6 }))
  expect(await setting.verify()).toMatchObject({ isIntact: true, segments: 2 })
})

test('an orderly end and start are told as such', async () => {
  const setting = new TrailSetting()
  await (await setting.open()).close()
  await (await setting.open()).close()

  expect(setting.files.lines(FOLDER).flatMap(({ previous }) => previous ?? [])).toEqual(['none', 'closed'])
})

test.each(['write', 'sync', 'create'] as const)(
  'a disk that fails at %s refuses, recovers, and what was lost is told',
  async (at) => {
    const setting = new TrailSetting()
    const availability: boolean[] = []
    const writer = await setting.open({
      maxPendingBytes: 20_000,
      maxSegmentBytes: at === 'create' ? 10 : 1e6,
      onAvailability: (isAvailable) => availability.push(isAvailable),
    })
    await writer.record([read(0, 0)])
    setting.files.fault = (operation) => (operation === at ? { writtenBytes: 700 } : undefined)

    await expect(writer.record([read(1, 1)])).rejects.toMatchObject({ code: 'ERR_AUDIT_UNAVAILABLE', retryable: true })
    await expect(writer.record([read(2, 2)])).rejects.toMatchObject({ code: 'ERR_AUDIT_UNAVAILABLE' })
    for (let index = 0; index < 100; index++) writer.append(denial(`topic-${index}`))
    expect(writer.isAvailable).toBe(false)
    setting.clock.advance(250)
    await turn()
    setting.files.fault = undefined
    setting.clock.advance(10_000)
    await until(() => writer.isAvailable)
    await writer.record([read(3, 3)])
    await writer.close()

    const lines = setting.files.lines(FOLDER)
    const kept = lines.filter(({ event }) => event === 'access.denied').length
    expect(kept).toBeGreaterThan(10)
    expect(lines).toContainEqual(
      expect.objectContaining({
        code: 'K1012E',
        lost: [{ code: 'K3001W', count: 100 - kept }],
        refused: [{ code: 'K3010I', count: 2 }],
      }),
    )
    const offsets = lines.flatMap(({ range }) => (range as { firstOffset: string } | undefined)?.firstOffset ?? [])
    expect(offsets).toEqual(['0', '3'])
    expect(availability).toEqual([false, true])
    expect(await setting.verify()).toMatchObject({ isIntact: true, isClosed: true })
  },
)

test('a full buffer refuses what is required and counts what is not', async () => {
  const setting = new TrailSetting()
  const writer = await setting.open({ maxPendingBytes: 2_000 })
  const many = Array.from({ length: 10 }, (_, index) => writer.record([read(index, index)]))
  const outcomes = await Promise.allSettled(many)

  expect(outcomes.map(({ status }) => status)).toContain('rejected')
  expect(outcomes[0]?.status).toBe('fulfilled')
})

test('a folder has one writer at a time', async () => {
  const setting = new TrailSetting()
  const writer = await setting.open()
  await expect(setting.open()).rejects.toMatchObject({ code: 'ERR_AUDIT_FOLDER_IN_USE' })
  await writer.close()
  await (await setting.open()).close()
})

test('a folder whose end is none of a trail is not gone on with', async () => {
  const setting = new TrailSetting()
  await (await setting.open()).close()
  const [path = ''] = setting.files.files.keys()
  const file = setting.files.files.get(path)
  if (file !== undefined) file.bytes = Buffer.concat([file.bytes, Buffer.from('not a line\n')])

  await expect(setting.open()).rejects.toMatchObject({ code: 'ERR_AUDIT_FOLDER_DAMAGED' })
})

test('segments whose time is over are removed, and the trail accounts for them', async () => {
  const setting = new TrailSetting()
  const writer = await setting.open({ maxSegmentBytes: 3_000, retentionMs: 1_000 })
  setting.files.modifiedAtUnixMs = setting.clock.nowUnixMs()
  for (let index = 0; index < 20; index++) await writer.record([read(index, index)])
  const before = setting.files.texts(FOLDER).length
  setting.clock.advance(5_000)
  for (let index = 0; index < 10; index++) await writer.record([read(index, index)])
  await writer.close()

  expect(setting.files.texts(FOLDER).length).toBeLessThan(before)
  const report = await setting.verify()
  expect(report).toMatchObject({ isIntact: true })
  expect(report.firstSeq).toBeGreaterThan(1)
})

test('lines are read in order from any place on, up to what is durable', async () => {
  const setting = new TrailSetting()
  const writer = await setting.open({ maxSegmentBytes: 3_000 })
  for (let index = 0; index < 20; index++) await writer.record([read(index, index)])
  const seqs: number[] = []
  for (let at = TRAIL_START; ; ) {
    const { lines, next } = await readTrail(FOLDER, at, {
      files: setting.files,
      maxBytes: 700,
      until: writer.durableEnd,
    })
    if (lines.length === 0) break
    seqs.push(...lines.map(({ seq }) => seq))
    at = next
  }

  expect(seqs).toEqual(setting.files.lines(FOLDER).map(({ seq }) => seq))
  await writer.close()
})
