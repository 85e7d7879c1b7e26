// A plain table.
import type { Attack } from './attack.ts'

/** Attacks on what a policy means, and on its evaluation. */
export const policyAttacks: readonly Attack[] = [
  {
    id: 'P1',
    tried: 'what no rule grants; a grant beside a denial, in any order and file; a denial that cannot be evaluated',
    expected: 'denied',
  },
  {
    id: 'P2',
    tried: 'names at the edge of patterns: `team` and `team2`, empty ends, dots, case, great length, many stars',
    expected: 'matched as documented, in microseconds',
  },
  {
    id: 'P3',
    tried:
      'requests without one of the rights they need: commits, transactions, idempotence, creation, offsets, new APIs',
    expected: 'denied; a denial implies nothing, and an API that nobody decided on is not forwarded',
  },
  {
    id: 'P4',
    tried: "an approval at its end, revoked, for something else, of one's own, or widened after it was given",
    expected: 'denied',
  },
  {
    id: 'P5',
    tried: 'schedules across changes of the clock, zones, midnight, and decisions remembered across a boundary',
    expected: 'what the wall clock of the zone says; nothing is remembered past a boundary',
  },
  {
    id: 'P6',
    tried:
      'records that masks and lists of what is shown do not expect: unreadable ones, other shapes, none, keys, headers',
    expected: 'masked or withheld, never in clear, with their offsets',
    except: 'there is no filter of records',
  },
  {
    id: 'P7',
    tried: 'quotas evaded by other client ids or other brokers',
    expected: 'held',
    absent:
      'there are no quotas: those of the brokers hold, which see the gateway, and no decision hangs on a client id',
  },
  {
    id: 'P8',
    tried: 'a policy for which the compiled evaluator says another thing than the documentation; a flood of names',
    expected:
      'no difference on random policies; remembered names are bounded; a topic made anew is decided by its name',
  },
  {
    id: 'P9',
    tried: 'rights that look unused: a yearly job, a new rule, attempts that failed, a shared identity',
    expected: 'nothing is taken away by itself: what is unused is told to a person, with the time that was watched',
  },
  {
    id: 'P10',
    tried:
      'YAML that reads otherwise than it looks: keys twice, aliases, tags, prototypes, numbers, marks, direction of text',
    expected: 'a problem with line and column',
  },
]
