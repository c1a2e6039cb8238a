// Settings in which two runs differ, and everything else that limits their comparison.
import type { ComparedRun, ComparisonNote, PolicyDifference } from '../../../src-shared/ipc/run-comparison.ts'
import type { Basis, Definitions } from './attribute-changes.ts'
import type { RunManifest } from '../../../src-shared/run/run-manifest.ts'

type Settings = Pick<RunManifest, 'config' | 'method' | 'forced_model'>
type Json = PolicyDifference['earlier']

/** Every setting with another value, by name; nested keys are compared leaf by leaf, lists as a whole. */
export const findPolicyDifferences = (earlier: Settings, later: Settings): PolicyDifference[] => {
  const [before, after] = [flattenSettings(earlier), flattenSettings(later)]
  return [...new Set([...before.keys(), ...after.keys()])]
    .sort()
    .map((key) => ({
      key,
      earlier: before.get(key) ?? null,
      later: after.get(key) ?? null,
      is_definition: definitionKeys.has(key.split('.')[0]!),
    }))
    .filter((difference) => JSON.stringify(difference.earlier) !== JSON.stringify(difference.later))
}

/** Settings that decide what a figure means. */
const definitionKeys: ReadonlySet<string> = new Set([
  'basis',
  'breach_probability',
  'method',
  'metric_units',
  'metric_directions',
  'metric_capacities',
  'metric_statistics',
  'time_zone',
])

const flattenSettings = ({ config, method, forced_model }: Settings): Map<string, Json> =>
  new Map<string, Json>([...flattenLeaves(config as Json, ''), ['method', method], ['forced_model', forced_model]])

const flattenLeaves = (value: Json, path: string): [string, Json][] => {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return [[path, value]]
  return Object.entries(value).flatMap(([key, inner]) => flattenLeaves(inner, path === '' ? key : `${path}.${key}`))
}

const basisTexts: Readonly<Record<Basis, string>> = {
  expected: 'the P95 of the forecast above the threshold',
  conservative: 'the 95th percentile over the simulated paths of their P95 above the threshold',
  probable: 'a probability of a sustained breach above 50 %',
}

const formatPeriods = ({ horizon }: ComparedRun): string => `${horizon.periods} ${horizon.periods === 1 ? 'period' : 'periods'}`

/** What the reader must know before comparing figures. */
export const collectComparisonNotes = (
  earlier: ComparedRun,
  later: ComparedRun,
  earlierManifest: Pick<RunManifest, 'metrics' | 'models' | 'servers_table' | 'events_table'>,
  laterManifest: Pick<RunManifest, 'metrics' | 'models' | 'servers_table' | 'events_table'>,
  definitions: Definitions,
): ComparisonNote[] => {
  const notes: ComparisonNote[] = []
  const addNote = (code: string, message: string): void => void notes.push({ code, message })
  if (earlier.run_id === later.run_id) addNote('same-run', 'Both are the same run.')
  if (earlier.last_measured_at !== null && later.last_measured_at !== null && later.last_measured_at < earlier.last_measured_at) {
    addNote('reversed', 'The second run measured less than the first: name the older run first, or read new as cleared.')
  }
  if (earlier.step_seconds !== later.step_seconds) {
    addNote(
      'different-step',
      `The first run is ${earlier.granularity}, the second ${later.granularity} (steps of ${earlier.step_seconds} and ${later.step_seconds} s): a P95 over other steps is another figure.`,
    )
  }
  if (earlier.horizon.periods !== later.horizon.periods) {
    addNote(
      'different-horizon',
      `The horizons differ: ${formatPeriods(earlier)}, then ${formatPeriods(later)}; each P95 is over its own run's horizon.`,
    )
  }
  if (definitions.earlier !== definitions.later) {
    addNote(
      'different-definition',
      `At risk means ${basisTexts[definitions.earlier]} in the first run, ${basisTexts[definitions.later]} in the second. Changes that are not there when both use ${basisTexts[definitions.common]} count as "definition".`,
    )
  }
  if (earlier.format_version !== later.format_version) {
    addNote(
      'different-format',
      `The runs have the formats ${earlier.format_version} and ${later.format_version}: what the older one lacks is not known in it.`,
    )
  }
  if (earlier.engine_version !== later.engine_version) {
    addNote('different-version', `Headroom ${earlier.engine_version} made the first run, ${later.engine_version} the second.`)
  }
  for (const [kind, before, after] of [
    ['metrics', earlierManifest.metrics, laterManifest.metrics],
    ['models', earlierManifest.models, laterManifest.models],
  ] as const) {
    const [removedNames, addedNames] = [before.filter((name) => !after.includes(name)), after.filter((name) => !before.includes(name))]
    const parts = [
      ...(removedNames.length === 0 ? [] : [`only the first has ${removedNames.join(', ')}`]),
      ...(addedNames.length === 0 ? [] : [`only the second has ${addedNames.join(', ')}`]),
    ]
    if (parts.length > 0) addNote(`different-${kind}`, `The runs' ${kind} differ: ${parts.join('; ')}.`)
  }
  if ((earlierManifest.servers_table === null) !== (laterManifest.servers_table === null)) {
    addNote('servers-table', `Only the ${earlierManifest.servers_table === null ? 'second' : 'first'} run had a servers table.`)
  }
  if ((earlierManifest.events_table === null) !== (laterManifest.events_table === null)) {
    const which = earlierManifest.events_table === null ? 'second' : 'first'
    addNote('events-table', `Only the ${which} run had an events table, and leaves past events out of its breach probabilities and season.`)
  }
  return notes
}
