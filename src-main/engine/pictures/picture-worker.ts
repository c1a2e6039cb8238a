// Worker thread: draws the two pictures of a run.
import { parentPort } from 'node:worker_threads'
import { drawRunPictures } from './draw-pictures.ts'
import type { RunPictures, RunPicturesTask } from './write-pictures.ts'

// The only sender is the run that started this thread.
parentPort?.on('message', (task: RunPicturesTask) => {
  void drawRunPictures(task).then((pictures: RunPictures) => parentPort?.postMessage(pictures))
})
