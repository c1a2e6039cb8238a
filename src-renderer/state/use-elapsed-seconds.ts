// Seconds since a moment, counted on.
import { useEffect, useState } from 'react'

export const useElapsedSeconds = (startedAtMs: number): number => {
  const [nowMs, setNowMs] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), 500)
    return () => clearInterval(timer)
  }, [])
  return Math.max(0, (nowMs - startedAtMs) / 1000)
}
