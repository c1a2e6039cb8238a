// Worker thread: draws the two pictures of a run.
import { parentPort } from 'node:worker_threads'
import { drawRunPictures, type RunPictures, type RunPicturesTask } from './draw-pictures.ts'

// The only sender is the run that started this thread.
parentPort?.on('message', (task: RunPicturesTask) => {
  void drawRunPictures(task).then((pictures: RunPictures) => parentPort?.postMessage(pictures))
})
