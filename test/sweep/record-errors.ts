// Before every test file of the integration tests: keeps each error of Headgate that is made, whether or not it is caught. Errors of
// the tests' own parts are none: they show what Kafka prints, for whoever mends a test.
import { HeadgateError } from '@headgate/core'
import { recordForSweep } from './recorder.ts'

/** Message, details and causes, as a logger that prints errors whole would have them. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const details = 'details' in error ? JSON.stringify(error.details) : ''
  const cause = error.cause === undefined ? '' : ` < ${textOf(error.cause)}`
  return `${error.name}: ${error.message} ${details}${cause}`
}

function isOfTests(error: Error): boolean {
  return 'code' in error && String(error.code).startsWith('ERR_TEST_')
}

// The base class assigns its name last but for its details: the assignment meets this accessor.
Object.defineProperty(HeadgateError.prototype, 'name', {
  configurable: true,
  set(this: Error, name: string) {
    Object.defineProperty(this, 'name', { value: name, configurable: true, writable: true })
    queueMicrotask(() => {
      if (!isOfTests(this)) recordForSweep('error', textOf(this).replaceAll('\n', ' '))
    })
  },
  get() {
    return 'Error'
  },
})
