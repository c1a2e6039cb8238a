// Maps the Python pipeline's config.yaml to Headroom's settings, and previews a configuration file.
import { z } from 'zod'
import { clusterFeatures, type ClusterFeature } from './analysis-config.ts'

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

/** Sections with keys that Headroom uses. */
export const pipelineSections: readonly string[] = ['risk_analysis', 'data', 'feature_engineering', 'model_training']

const sections = [...pipelineSections, 'aws', 'sagemaker', 'paths']

/** A pipeline config groups its keys in sections that Headroom's own file does not have. */
export const isPipelineConfig = (settings: Readonly<Record<string, unknown>>): boolean =>
  sections.some((name) => section.safeParse(settings[name]).success)

/** The settings in the pipeline's config; all other keys are ignored. */
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
  return Object.fromEntries(Object.entries(importedSettings).filter(([, value]) => value !== undefined && value !== null))
}

/** The preview of a configuration file: its settings with Headroom's defaults, and the keys it ignores. */
export const configPreviewSchema = z.object({
  path: z.string(),
  /** `pipeline`: the Python pipeline's config.yaml, of which Headroom reads a few keys. */
  kind: z.enum(['headroom', 'pipeline']),
  /** The settings in the file, validated. */
  settings: z.record(z.string(), z.json()),
  /** Each with Headroom's default. */
  changes: z.array(z.object({ key: z.string(), value: z.json(), defaultValue: z.json() })),
  /** Top-level keys that Headroom ignores. */
  ignored: z.array(z.string()),
})
export type ConfigReading = z.infer<typeof configPreviewSchema>
