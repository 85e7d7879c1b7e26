import { plainKafka, readValues, writeValues } from '../plain-client.ts'
import { check, type Step } from '../step.ts'
import { paragraph } from '../terminal.ts'

/** The topic of the steps about records. */
export const PAYMENTS = 'payments'
/** The number is a test number of a card network; every digit and every space of the record counts. */
const PAYMENT =
  '{"id":9007199254740993, "amount":12.50,"customer":{"name":"C. Stone","ssn":"219-09-9999"},"card":{"number":"4111-1111-1111-1111"}}'
const WITHOUT_SSN = PAYMENT.replace(',"ssn":"219-09-9999"', '')
const MASKED = WITHOUT_SSN.replace('4111-1111-1111-1111', '****-****-****-1111')

/** What becomes of fields on their way in and out. */
export const masksStep: Step = {
  title: 'Fields that a service has no need of',
  claim: 'fields are masked in flight, before the broker and behind it, and every other byte stays',
  run: async ({ world, brokers }) => {
    paragraph(
      'The policy says of the topic `payments`: a social security number is removed before it reaches Kafka, and of a card number readers see the last four digits. One group may see it whole.',
    )
    await writeValues(plainKafka(world, 'shop'), PAYMENTS, [PAYMENT])
    show('the shop writes', PAYMENT)
    const [held = ''] = await brokers.readValues(PAYMENTS, 1)
    show('Kafka holds', held)
    check('the field was gone before the record reached Kafka; the card number is there', held === WITHOUT_SSN, held)
    const [masked = ''] = await readValues(plainKafka(world, 'reports'), PAYMENTS, 'reports-1', 1)
    show('the reports service reads', masked)
    check('a reader sees four digits, and the rest of the record byte for byte', masked === MASKED, masked)
    const [raw = ''] = await readValues(plainKafka(world, 'fraud'), PAYMENTS, 'fraud-1', 1)
    show('the fraud service reads', raw)
    check('the one group that may see it does', raw === WITHOUT_SSN, raw)
  },
}

function show(who: string, value: string): void {
  paragraph(`${who.padEnd(26)} ${value}`, 'yellow', '    ')
}
