// Settings from a YAML file, from --set and from options of single settings: Headroom's own keys, or the config.yaml of the Python pipeline.
import type { MetricUnit } from '../../src-shared/config/metric-units.ts'
import { renameSettings, type DecimalSetting } from '../../src-shared/config/analysis-config.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { type ConfigFile, readConfigFile } from '../config/config-file.ts'
import { parseYaml, readYamlFile } from '../config/yaml-file.ts'

export interface StatedSettings {
  readonly config?: string | undefined
  readonly set?: readonly string[]
  /** Unit by metric; added to the units of the file and of --set. */
  readonly unit?: Readonly<Record<string, MetricUnit>>
  readonly decimal?: DecimalSetting | undefined
  readonly timeZone?: string | undefined
  /** Column by role; added to those of the file, of --set and of the mapping file. */
  readonly map?: Readonly<Record<string, string>>
  /** YAML with a column by role. */
  readonly mapFile?: string | undefined
  readonly wide?: string | undefined
  readonly batchStep?: string | undefined
  readonly dateFormat?: string | undefined
  readonly encoding?: string | undefined
  /** Nominal level of the bounds, a share. */
  readonly level?: number | undefined
  /** Metrics to analyse; empty: those of the file, or all. */
  readonly metric?: readonly string[]
  readonly withBaselines?: boolean
  readonly seed?: number | undefined
}

/** Later settings win: file, --set, then the options of single settings. The engine checks the values. */
export const readSettings = async (stated: StatedSettings): Promise<ConfigFile> => {
  const {
    config,
    set = [],
    unit = {},
    decimal,
    timeZone,
    metric = [],
    map = {},
    mapFile,
    wide,
    batchStep,
    dateFormat,
    encoding,
    level,
    withBaselines,
    seed,
  } = stated
  const { settings: fromFile, warnings } = config === undefined ? { settings: {}, warnings: [] } : await readConfigFile(config)
  const settings = renameSettings({ ...fromFile, ...Object.fromEntries(set.map((assignment) => parseAssignment(assignment))) })
  const mapped = { ...(mapFile === undefined ? {} : await readYamlFile(mapFile, 'mapping')), ...map }
  return {
    settings: {
      ...settings,
      ...(Object.keys(unit).length === 0 ? {} : { metric_units: addEntries(settings['metric_units'], unit) }),
      ...(Object.keys(mapped).length === 0 ? {} : { map: addEntries(settings['map'], mapped) }),
      ...(decimal === undefined ? {} : { decimal }),
      ...(timeZone === undefined ? {} : { time_zone: timeZone }),
      ...(wide === undefined ? {} : { wide }),
      ...(batchStep === undefined ? {} : { batch_step: batchStep }),
      ...(dateFormat === undefined ? {} : { date_format: dateFormat }),
      ...(encoding === undefined ? {} : { encoding }),
      ...(level === undefined ? {} : { interval_level: level }),
      ...(metric.length === 0 ? {} : { metrics: [...metric] }),
      ...(withBaselines === true ? { with_baselines: true } : {}),
      ...(seed === undefined ? {} : { seed }),
    },
    warnings,
  }
}

/** What is no group of keys stays, so that the engine reports it. */
const addEntries = (stated: unknown, entries: Readonly<Record<string, unknown>>): unknown => {
  const isGroup = stated === undefined || (typeof stated === 'object' && stated !== null && !Array.isArray(stated))
  return isGroup ? { ...stated, ...entries } : stated
}

export const parseAssignment = (assignment: string, example = 'high_risk_threshold=85'): [string, unknown] => {
  const at = assignment.indexOf('=')
  if (at < 1) {
    throw new HeadroomError('usage', `--set needs KEY=VALUE, not "${assignment}".`, { next: `For instance --set ${example}.` })
  }
  const createError = (fault: string): HeadroomError =>
    new HeadroomError('usage', `The value of --set "${assignment}" cannot be read: ${fault}.`, { next: 'Put text in quotes.' })
  return [assignment.slice(0, at).trim(), parseYaml(assignment.slice(at + 1), createError)]
}
