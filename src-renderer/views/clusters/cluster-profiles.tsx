// Cluster profiles: features of each cluster within the range of all clusters, and the quality of the clustering.
import { clusterStyle, type ChartTheme } from '../../../src-shared/chart-options/theme.ts'
import type { ClusterProfiles as Profiles } from '../../../src-shared/ipc/run-view.ts'
import { formatNumber, formatScore, formatting } from '../../theme/formatting.ts'

const featureLabels: Readonly<Record<string, string>> = {
  mean: 'Mean',
  std: 'Standard deviation',
  p95: 'P95',
  peak_to_mean: 'Peak to mean',
  trend_per_30_days: 'Trend per 30 days',
  eoq_uplift: 'Quarter-end uplift',
  weekend_ratio: 'Weekend ratio',
}

export interface ClusterProfilesProps {
  readonly profiles: Profiles
  readonly theme: ChartTheme
  readonly onCluster: (cluster: number) => void
}

export const ClusterProfiles = ({ profiles, theme, onCluster }: ClusterProfilesProps) => {
  const { clusters, features, silhouette, stability, explained } = profiles
  return (
    // Scrollable regions must be reachable by keyboard.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <section className="profiles" aria-label="Cluster profiles" tabIndex={0}>
      {clusters.map(({ cluster, name, size, centre }) => (
        <article key={cluster}>
          <h3>
            <span className="swatch" style={{ background: clusterStyle(theme, cluster).color }} aria-hidden />
            <button type="button" className="figure-link" onClick={() => onCluster(cluster)}>
              {cluster} – {name}
            </button>
            <span className="muted">{formatting.count(size)}</span>
          </h3>
          <dl className="profile">
            {features.map((feature) => (
              <div key={feature} className="pair">
                <dt>{featureLabels[feature] ?? feature}</dt>
                <dd>
                  <span className="profile-bar" aria-hidden>
                    <span
                      style={{
                        width: `${100 * relativePosition(profiles, feature, centre[feature])}%`,
                        background: clusterStyle(theme, cluster).color,
                      }}
                    />
                  </span>
                  {centre[feature] === null || centre[feature] === undefined ? '–' : formatNumber(centre[feature]).replace('-', '−')}
                </dd>
              </div>
            ))}
          </dl>
        </article>
      ))}
      <dl className="pairs">
        {silhouette !== null && (
          <>
            <dt title="1: well separated; 0: between clusters; below 0: wrong cluster">Silhouette</dt>
            <dd>{formatScore(silhouette)}</dd>
          </>
        )}
        {stability !== null && (
          <>
            <dt title="Mean adjusted Rand index across random starts; 1: identical clusters">Stability</dt>
            <dd>{formatScore(stability)}</dd>
          </>
        )}
        {explained !== null && (
          <>
            <dt>Explained variance (2 components)</dt>
            <dd>{formatting.value(100 * explained.slice(0, 2).reduce((sum, share) => sum + share, 0), '%')}</dd>
          </>
        )}
      </dl>
    </section>
  )
}

/** Position of a value between the lowest and the highest centre, 0 to 1. */
const relativePosition = ({ clusters }: Profiles, feature: string, value: number | null | undefined): number => {
  const centres = clusters.flatMap(({ centre }) => centre[feature] ?? [])
  const min = Math.min(...centres)
  const max = Math.max(...centres)
  return value === null || value === undefined || max === min ? 0 : 0.04 + (0.96 * (value - min)) / (max - min)
}
