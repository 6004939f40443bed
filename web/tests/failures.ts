// Prints what failed and why once more behind everything else, as logs are often kept by their last lines alone.
import type { FullResult, Reporter, TestCase, TestError, TestResult } from '@playwright/test/reporter';

const LINES_EACH = 30;
const FAILURES = 10;

export default class Failures implements Reporter {
  #failed: { test: string; errors: TestError[] }[] = [];

  onTestEnd(test: TestCase, result: TestResult): void {
    if (result.status === test.expectedStatus || result.status === 'skipped') return;
    this.#failed.push({ test: test.titlePath().filter(Boolean).join(' › '), errors: result.errors });
  }

  // What stands outside of a test, such as a scene that does not start.
  onError(error: TestError): void {
    this.#failed.push({ test: 'outside of a test', errors: [error] });
  }

  onEnd(result: FullResult): void {
    if (this.#failed.length === 0) return;
    console.log(`\nThe run ${result.status}, with what is wrong once more:`);
    for (const { test, errors } of this.#failed.slice(0, FAILURES)) {
      console.log(`\n✘ ${test}`);
      for (const error of errors) console.log(told(error));
    }
    if (this.#failed.length > FAILURES) console.log(`\nand ${this.#failed.length - FAILURES} more`);
  }

  printsToStdio(): boolean {
    return false;
  }
}

/** An error without colours: its first lines, and the line of the test that it comes from. */
function told({ message = '', value = '', snippet, location }: TestError): string {
  const lines = `${message || value}\n${snippet ?? ''}`.replaceAll(new RegExp('\u001b\\[[0-9;]*m', 'g'), '').split('\n').filter((line) => line.trim());
  const shown = lines.slice(0, LINES_EACH).map((line) => `  ${line.slice(0, 400)}`);
  if (lines.length > LINES_EACH) shown.push(`  … and ${lines.length - LINES_EACH} lines more`);
  if (location) shown.push(`  at ${location.file}:${location.line}`);
  return shown.join('\n');
}
