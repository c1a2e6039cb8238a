// A refusal that asks for one statement: the sentence names the options, and the import dialog offers them.
import { HeadroomError, type ErrorCode } from '../../src-shared/run/errors.ts'
import type { InputQuestion } from '../../src-shared/run/inspection.ts'

export class InputQuestionError extends HeadroomError {
  readonly question: InputQuestion

  constructor(sentence: string, options: InputQuestion['options'], code: ErrorCode = 'input-unclear', next?: string) {
    super(code, sentence, { next: next ?? 'State it on the command line, or under the same key in the settings.' })
    this.question = { code, sentence: this.message, options }
  }
}
