// The empty state of a view: the reason, and an action.
import type { ReactNode } from 'react'

export interface EmptyStateProps {
  readonly title: string
  readonly children: ReactNode
  readonly action?: { readonly label: string; readonly onClick: () => void }
}

export const EmptyState = ({ title, children, action }: EmptyStateProps) => (
  <div className="empty">
    <h2>{title}</h2>
    <p>{children}</p>
    {action !== undefined && (
      <button type="button" className="button" onClick={action.onClick}>
        {action.label}
      </button>
    )}
  </div>
)
