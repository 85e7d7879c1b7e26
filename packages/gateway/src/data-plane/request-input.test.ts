import { expect, test } from 'vitest'
import { FrameLimitError } from './errors.ts'
import { RequestInput } from './request-input.ts'

function frame(apiKey: number, bodyBytes: number): Buffer {
  const bytes = Buffer.alloc(4 + 2 + bodyBytes, apiKey)
  bytes.writeInt32BE(2 + bodyBytes)
  bytes.writeInt16BE(apiKey, 4)
  return bytes
}

function framesOf(input: RequestInput): Buffer[] {
  const frames: Buffer[] = []
  for (let span = input.next(1_000_000); span !== null; span = input.next(1_000_000))
    frames.push(Buffer.from(span.bytes.subarray(span.start, span.end)))
  return frames
}

test('frames come out the same wherever the chunks are cut', () => {
  const frames = [frame(3, 10), frame(18, 0), frame(8, 300)]
  const stream = Buffer.concat(frames)

  for (let cut = 1; cut < stream.length; cut += 1) {
    const input = new RequestInput()
    input.push(stream.subarray(0, cut))
    const first = framesOf(input)
    input.push(stream.subarray(cut))

    expect(Buffer.concat([...first, ...framesOf(input)]).equals(stream)).toBe(true)
  }
})

test('a frame of many small chunks is whole only with its last byte', () => {
  const input = new RequestInput()
  const large = frame(3, 20_000)

  for (let at = 0; at < large.length - 1; at += 1_000)
    input.push(large.subarray(at, Math.min(at + 1_000, large.length - 1)))
  expect(input.next(1_000_000)).toBeNull()
  input.push(large.subarray(large.length - 1))

  expect(framesOf(input)).toEqual([large])
})

test('a large produce frame is opened early and handed on in pieces, and the next frame follows it', () => {
  const input = new RequestInput()
  const produce = frame(0, 50_000)
  const next = frame(3, 5)
  const stream = Buffer.concat([produce, next])
  input.push(stream.subarray(0, 5_000))

  const opening = input.next(1_000_000)
  expect(opening).toMatchObject({ start: 0, end: 5_000, totalBytes: produce.length })
  expect(input.piece()).toBeNull()
  input.push(stream.subarray(5_000))
  const piece = input.piece()

  expect(piece && piece.end - piece.start).toBe(produce.length - 5_000)
  expect(input.piece()).toBeNull()
  expect(framesOf(input)).toEqual([next])
})

test.each([-1, 1_000_001, 0x7fffffff])('a length prefix of %i is refused before anything is allocated', (size) => {
  const input = new RequestInput()
  const prefix = Buffer.alloc(8)
  prefix.writeInt32BE(size)
  input.push(prefix)

  expect(() => input.next(1_000_000)).toThrow(FrameLimitError)
})

test('a request without records has a bound of its own', () => {
  const prefix = Buffer.alloc(8)
  prefix.writeInt32BE(9 * 1024 * 1024)
  const [metadata, produce] = [new RequestInput(), new RequestInput()]
  prefix.writeInt16BE(3, 4)
  metadata.push(Buffer.from(prefix))
  prefix.writeInt16BE(0, 4)
  produce.push(Buffer.from(prefix))

  expect(() => metadata.next(100_000_000)).toThrow(FrameLimitError)
  expect(produce.next(100_000_000)).toBeNull()
})
