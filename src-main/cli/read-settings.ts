// Settings from a YAML file, from --set and from options of single settings: Headroom's own keys, or the config.yaml of the Python pipeline.
import type { MetricUnit } from '../../src-shared/config/metric-units.ts'
import { renameSettings, type DecimalSetting } from '../../src-shared/config/analysis-config.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { type ConfigFile, readConfigFile } from '../config/config-file.ts'
import { parseYaml } from '../config/yaml-file.ts'

export interface StatedSettings {
  readonly config?: string | undefined
  readonly set?: readonly string[]
  /** Unit by metric; added to the units of the file and of --set. */
  readonly unit?: Readonly<Record<string, MetricUnit>>
  readonly decimal?: DecimalSetting | undefined
  readonly timeZone?: string | undefined
  readonly seed?: number | undefined
}

/** Later settings win: file, --set, then the options of single settings. The engine checks the values. */
export const readSettings = async ({ config, set = [], unit = {}, decimal, timeZone, seed }: StatedSettings): Promise<ConfigFile> => {
  const { settings: fromFile, warnings } = config === undefined ? { settings: {}, warnings: [] } : await readConfigFile(config)
  const settings = renameSettings({ ...fromFile, ...Object.fromEntries(set.map((assignment) => parseAssignment(assignment))) })
  return {
    settings: {
      ...settings,
      ...(Object.keys(unit).length === 0 ? {} : { metric_units: addUnits(settings['metric_units'], unit) }),
      ...(decimal === undefined ? {} : { decimal }),
      ...(timeZone === undefined ? {} : { time_zone: timeZone }),
      ...(seed === undefined ? {} : { seed }),
    },
    warnings,
  }
}

/** What is no group of keys stays, so that the engine reports it. */
const addUnits = (stated: unknown, unit: Readonly<Record<string, MetricUnit>>): unknown => {
  const isGroup = stated === undefined || (typeof stated === 'object' && stated !== null && !Array.isArray(stated))
  return isGroup ? { ...stated, ...unit } : stated
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
