// What went wrong with a request, in the API's own words.
import type { components } from './schema';

export type Problem = components['schemas']['Problem'];

/** A request that was answered by a problem, or not at all. */
export class ApiProblem extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.name = 'ApiProblem';
    this.problem = problem;
  }

  /** True if somebody else has changed the same thing meanwhile, or its state does not allow the action any more. */
  get isConflict(): boolean {
    return this.problem.status === 409 || this.problem.status === 412;
  }

  /** True if nobody can say whether what was asked for is done: the answer is lost or cannot be read, or the server does not know it itself. */
  get isUncertain(): boolean {
    const { code, status } = this.problem;
    return status === 0 || (status >= 500 && code !== 'unavailable');
  }

  /** True if the server does not give what was asked for, so that what it gave before is an answer to something else. */
  get isRefusal(): boolean {
    return [400, 403, 404, 422].includes(this.problem.status);
  }

  get isDenied(): boolean {
    return this.problem.code === 'forbidden';
  }

  get isMissing(): boolean {
    return this.problem.status === 404;
  }

  /** The message about one field of the request. */
  about(field: string): string | undefined {
    return this.problem.errors?.find((error) => error.field === field)?.message;
  }
}

/** The problem of an answer. One without a body, such as a proxy's, is told by its status. */
export function problemOf(error: unknown, response: Response): Problem {
  if (isProblem(error)) return error;
  const status = response.status;
  return {
    code: 'no_problem_document',
    detail: `The server answered with status ${status} and gave no reason.`,
    status,
    title: 'Unexpected answer',
    type: 'about:blank',
  };
}

/** The problem of a request that got no answer. One that only reads has done nothing. */
export function lostConnection(error: unknown, reads: boolean): ApiProblem {
  const isLate = error instanceof DOMException && error.name === 'TimeoutError';
  const what = isLate ? 'The server has not answered for a minute.' : 'The server cannot be reached.';
  const detail = reads ? `${what} What you typed is kept.` : `${what} What was asked for may have been carried out. What you typed is kept.`;
  return new ApiProblem({ code: 'no_answer', detail, status: 0, title: 'No answer', type: 'about:blank' });
}

/** Whatever was thrown, as a problem to show. */
export function asProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  return new ApiProblem({
    code: 'fault_of_the_page',
    detail: error instanceof Error ? error.message : String(error),
    status: 0,
    title: 'The page failed',
    type: 'about:blank',
  });
}

function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'detail' in value && 'code' in value && 'status' in value;
}
