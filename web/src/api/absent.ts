// Something that an account may not have.
import { ApiProblem } from './problem';

/** What is asked for, or null where there is none. */
export async function orNone<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ApiProblem && error.isMissing) return null;
    throw error;
  }
}
