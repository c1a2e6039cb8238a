// Accepts a file or folder dropped anywhere on the window.
import { FileUp } from 'lucide-react'
import { useEffect, useState } from 'react'
import { openDropped } from '../state/open-path.ts'

export const DropTarget = () => {
  const [isOver, setIsOver] = useState(false)
  useEffect(() => {
    /** Entering a child also leaves its parent, so the balance shows whether the pointer is over the window. */
    let depth = 0
    const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false
    const enter = (event: DragEvent): void => {
      if (!hasFiles(event)) return
      depth += 1
      setIsOver(true)
    }
    const leave = (event: DragEvent): void => {
      if (!hasFiles(event)) return
      depth = Math.max(0, depth - 1)
      if (depth === 0) setIsOver(false)
    }
    const over = (event: DragEvent): void => event.preventDefault()
    const drop = (event: DragEvent): void => {
      event.preventDefault()
      depth = 0
      setIsOver(false)
      void openDropped([...(event.dataTransfer?.files ?? [])])
    }
    window.addEventListener('dragenter', enter)
    window.addEventListener('dragleave', leave)
    window.addEventListener('dragover', over)
    window.addEventListener('drop', drop)
    return () => {
      window.removeEventListener('dragenter', enter)
      window.removeEventListener('dragleave', leave)
      window.removeEventListener('dragover', over)
      window.removeEventListener('drop', drop)
    }
  }, [])
  if (!isOver) return null
  return (
    <div className="drop-target" role="status">
      <FileUp size={40} strokeWidth={1.25} aria-hidden />
      <strong>Drop to open</strong>
      <span>Forecasts are analysed; run folders are opened.</span>
    </div>
  )
}
