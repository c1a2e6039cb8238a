// Which of Headroom's settings the Python pipeline's config.yaml states (container contract: keys worth importing).
import { describe, expect, it } from 'vitest'
import { importPipelineConfig } from '../../../src-shared/config/pipeline-config.ts'

const features = (configured: unknown): unknown =>
  importPipelineConfig({ risk_analysis: { clustering: { features: configured } } })['cluster_features']

describe("the pipeline's configuration", () => {
  it('states thresholds, clusters, calendar and metric', () => {
    expect(
      importPipelineConfig({
        aws: { region: 'us-east-1' },
        risk_analysis: {
          high_risk_threshold: 75,
          very_high_risk_threshold: 92,
          underutilized_threshold: 25,
          clustering: { n_clusters: 6, features: ['mean', 'std'] },
        },
        data: { seasonality: { eoq_months: [1, 4, 7, 10] } },
        feature_engineering: { eoq_window_days: 5 },
        model_training: { target_metric: 'cpu_max' },
      }),
    ).toEqual({
      high_risk_threshold: 75,
      very_high_risk_threshold: 92,
      underutilized_threshold: 25,
      n_clusters: 6,
      cluster_features: ['mean', 'std'],
      eoq_months: [1, 4, 7, 10],
      eoq_window_days: 5,
      target_metric: 'cpu_max',
    })
  })

  it("maps its own feature names; unknown ones are ignored, and none known leaves Headroom's", () => {
    expect(features(['p95_utilization', 'avg_utilization', 'volatility', 'disk_queue'])).toEqual(['mean', 'std', 'p95'])
    expect(features(['disk_queue'])).toBeUndefined()
    expect(features('mean')).toBeUndefined()
    expect(features(undefined)).toBeUndefined()
  })
})
