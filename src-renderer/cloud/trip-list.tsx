// The launches of this machine, newest first.
import { formatInstant } from '../theme/formatting.ts'
import { selectTrip, useCloudState } from './cloud-state.ts'
import { tripWord } from './cloud-words.ts'

export const TripList = () => {
  const { trips, selected } = useCloudState()
  if (trips.length === 0) return null
  return (
    <ul className="cloud-trip-list" aria-label="Launches from here">
      {trips.map((trip) => (
        <li key={trip.runId}>
          <button type="button" aria-current={trip.runId === selected ? 'true' : undefined} onClick={() => void selectTrip(trip.runId)}>
            <span>{formatInstant(trip.createdAt)}</span>
            <span className="muted">{trip.instanceType}</span>
            <span>{tripWord(trip)}</span>
          </button>
        </li>
      ))}
    </ul>
  )
}
