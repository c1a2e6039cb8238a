// Maps the Python pipeline's config.yaml to Headroom's settings, and previews a configuration file.
import { z } from 'zod'
import { analysisConfigSchema, clusterFeatures, type ClusterFeature } from './analysis-config.ts'
import { findCloseName } from './nearest-name.ts'

const section = z.looseObject({})

const pipelineSchema = z.looseObject({
  risk_analysis: z
    .looseObject({
      high_risk_threshold: z.unknown().optional(),
      very_high_risk_threshold: z.unknown().optional(),
      underutilized_threshold: z.unknown().optional(),
      cost_per_instance: z.unknown().optional(),
      clustering: z.looseObject({ n_clusters: z.unknown().optional(), features: z.unknown().optional() }).optional(),
    })
    .optional(),
  data: z.looseObject({ seasonality: z.looseObject({ eoq_months: z.unknown().optional() }).optional() }).optional(),
  feature_engineering: z.looseObject({ eoq_window_days: z.unknown().optional() }).optional(),
  model_training: z.looseObject({ target_metric: z.unknown().optional() }).optional(),
})

/** The pipeline's names of cluster features, without the suffix `_utilization`. */
const featureNames: Readonly<Record<string, ClusterFeature>> = {
  ...(Object.fromEntries(clusterFeatures.map((name) => [name, name])) as Record<ClusterFeature, ClusterFeature>),
  avg: 'mean',
  average: 'mean',
  stddev: 'std',
  std_dev: 'std',
  volatility: 'std',
  peak_to_average: 'peak_to_mean',
  peak_to_avg: 'peak_to_mean',
  trend: 'trend_per_30_days',
}

/** Undefined if Headroom knows none of them. */
const readFeatures = (configured: unknown): ClusterFeature[] | undefined => {
  const names = z.array(z.string()).safeParse(configured).data ?? []
  const knownFeatures = names.flatMap((name) => featureNames[name.toLowerCase().replace(/_(util|utili[sz]ation)$/, '')] ?? [])
  return knownFeatures.length === 0 ? undefined : clusterFeatures.filter((feature) => knownFeatures.includes(feature))
}

/** The cloud commands use the last three. */
const sections = ['risk_analysis', 'data', 'feature_engineering', 'model_training', 'aws', 'sagemaker', 'paths']

/** A pipeline config groups its keys in sections that Headroom's own file does not have. */
export const isPipelineConfig = (settings: Readonly<Record<string, unknown>>): boolean =>
  sections.some((name) => section.safeParse(settings[name]).success)

/** The settings in the pipeline's config, and Headroom's keys next to its sections; these keys win. */
export const importPipelineConfig = (settings: Readonly<Record<string, unknown>>): Record<string, unknown> => {
  const parsed = pipelineSchema.parse(settings)
  const importedSettings: Record<string, unknown> = {
    high_risk_threshold: parsed.risk_analysis?.high_risk_threshold,
    very_high_risk_threshold: parsed.risk_analysis?.very_high_risk_threshold,
    underutilized_threshold: parsed.risk_analysis?.underutilized_threshold,
    cost_per_instance: parsed.risk_analysis?.cost_per_instance,
    n_clusters: parsed.risk_analysis?.clustering?.n_clusters,
    cluster_features: readFeatures(parsed.risk_analysis?.clustering?.features),
    eoq_months: parsed.data?.seasonality?.eoq_months,
    eoq_window_days: parsed.feature_engineering?.eoq_window_days,
    target_metric: parsed.model_training?.target_metric,
  }
  return {
    ...Object.fromEntries(Object.entries(importedSettings).filter(([, value]) => value !== undefined && value !== null)),
    ...Object.fromEntries(Object.entries(settings).filter(([key]) => headroomKeys.includes(key))),
  }
}

const headroomKeys = Object.keys(analysisConfigSchema.shape)

/** A key of a settings file that has no effect, and the name that was probably meant. */
export interface UnusedKey {
  readonly key: string
  readonly nearest: string | undefined
}

/** Groups that only serve as anchors for merge keys begin so, as in Compose files. */
export const isTemplateKey = (key: string): boolean => key.startsWith('x-')

/** The keys, and the cluster features, that `importPipelineConfig` does not use; those with a likely name first. */
export const findUnusedKeys = (settings: Readonly<Record<string, unknown>>): UnusedKey[] => {
  const { risk_analysis: risk, data, feature_engineering, model_training } = pipelineSchema.parse(settings)
  const unusedIn = (path: string, group: object | undefined, names: readonly string[]): UnusedKey[] =>
    Object.keys(group ?? {})
      .filter((key) => !names.includes(key))
      .map((key) => ({ key: `${path}${key}`, nearest: findCloseName(key, names) }))
  const features = z.array(z.string()).safeParse(risk?.clustering?.features).data ?? []
  const unusedKeys = [
    ...unusedIn('', settings, [...headroomKeys, ...sections]).filter(({ key }) => !isTemplateKey(key)),
    ...unusedIn('risk_analysis.', risk, [...riskKeys, 'clustering']),
    ...unusedIn('risk_analysis.clustering.', risk?.clustering, ['n_clusters', 'features']),
    ...features
      .filter((name) => readFeatures([name]) === undefined)
      .map((name) => ({ key: `risk_analysis.clustering.features: ${name}`, nearest: findCloseName(name, clusterFeatures) })),
    ...unusedIn('data.', data, ['seasonality']),
    ...unusedIn('data.seasonality.', data?.seasonality, ['eoq_months']),
    ...unusedIn('feature_engineering.', feature_engineering, ['eoq_window_days']),
    ...unusedIn('model_training.', model_training, ['target_metric']),
  ]
  return [...unusedKeys.filter(({ nearest }) => nearest !== undefined), ...unusedKeys.filter(({ nearest }) => nearest === undefined)]
}

const riskKeys = ['high_risk_threshold', 'very_high_risk_threshold', 'underutilized_threshold', 'cost_per_instance']

/** The preview of a configuration file: its settings with Headroom's defaults, and the keys it ignores. */
export const configPreviewSchema = z.object({
  path: z.string(),
  /** `pipeline`: the Python pipeline's config.yaml, of which Headroom reads a few keys. */
  kind: z.enum(['headroom', 'pipeline']),
  /** The settings in the file, validated. */
  settings: z.record(z.string(), z.json()),
  /** Each with Headroom's default. */
  changes: z.array(z.object({ key: z.string(), value: z.json(), defaultValue: z.json() })),
  /** Keys that Headroom ignores, such as `risk_analysis.histogram`. */
  ignored: z.array(z.string()),
})
export type ConfigReading = z.infer<typeof configPreviewSchema>
