import { expect, test, vi } from 'vitest'
import { takeBackMethods } from './take-back.ts'

class Maker {
  make(): string {
    return 'own'
  }
}

test('a method that an instrumentation has wrapped is the own one again, for this object', () => {
  class Patched extends Maker {}
  const original = Patched.prototype.make
  const wrapper = Object.assign(() => 'wrapped', { __wrapped: true, __original: original })
  Patched.prototype.make = wrapper
  const maker = new Patched()
  takeBackMethods(maker, ['make'])

  expect([maker.make(), new Patched().make()]).toEqual(['own', 'wrapped'])
})

test('the spy of a test stays', () => {
  class Spied extends Maker {}
  vi.spyOn(Spied.prototype, 'make').mockReturnValue('spied')
  const maker = new Spied()
  takeBackMethods(maker, ['make'])

  expect(maker.make()).toBe('spied')
  expect(Object.keys(maker)).toEqual([])
})
