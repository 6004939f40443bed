#!/usr/bin/env python3
"""Builds all test programs and runs their tests side by side, each test in a process of its own.

Cargo runs test programs one after another, and most tests of the daemon wait for timers and sockets. Here all
tests of all programs share a number of slots, the longest first. The whole output of a failed test is shown, a
test that hangs is ended and named, and nothing that a test has started outlives it. The last line of the output
is `N passed, N failed`. The exit status is 0 only if tests ran and all of them passed.

Where all tests run and one or two of them fail, each of these runs again, alone and several times. One that passes
each time has passed; it is named at the end as one whose outcome depends on chance, which is a fault of the test or of
the product that somebody has to find, and its first output stands above.

    ops/tests.py                     every test, doc tests included
    ops/tests.py drain reload        the tests with one of these words in `program::module::name`
    ops/tests.py --changed           the unit tests of the crates with changes since the main branch
    ops/tests.py --one drain         only builds the programs whose sources name it, and shows the output

Run it under ops/rocksdb.sh, as the Makefile does, or cargo compiles RocksDB for itself.
"""

import argparse
import collections
import ctypes
import dataclasses
import json
import os
import re
import selectors
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TARGET = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))

# Times of earlier runs, so that long tests begin first.
TIMES = os.path.join(TARGET, "test-times.json")

# Tests that run while no other does: `program::module::name`, or the beginning of one, a line.
ALONE = os.path.join(ROOT, "ops", "tests-alone.txt")

# A test whose time is not known yet; those of the daemon's own programs come first.
USUAL_SECONDS, USUAL_SECONDS_OF_A_PROCESS = 0.1, 3.0

# So many failed tests, and no more, run again, each so many times.
REPEATED_MAX, REPETITIONS = 2, 3

DOC_TESTS = "doc tests"
PR_SET_CHILD_SUBREAPER = 36

# Fields of /proc/PID/stat behind the name.
PARENT, SESSION = 1, 3


@dataclasses.dataclass
class Program:
    """A test program: the unit tests of a crate, or a file or folder below its `tests`."""

    name: str
    path: str
    folder: str
    is_integration: bool


@dataclasses.dataclass
class Test:
    """One test, its command, and how long it took the last time."""

    name: str
    command: list
    folder: str
    expected_seconds: float
    is_alone: bool = False


@dataclasses.dataclass
class Run:
    """A test that is running, or how it ended."""

    test: Test
    process: subprocess.Popen
    output: object
    began: float
    seconds: float = 0.0
    fault: str = ""


def main():
    options = arguments()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    selection = []
    if options.changed:
        crates = changed_crates()
        if not crates:
            say("no crate has changed")
            return 0
        say("unit tests of: " + ", ".join(crates))
        selection = [part for crate in crates for part in ("-p", crate)] + ["--lib", "--bins"]
    elif options.one:
        selection = selection_of(options.one)
        options.words = [options.one]
    programs = build(options, selection or ["--workspace"])
    if options.build_only:
        return 0
    tests = tests_of(programs, known_times())
    if not selection and not options.words:
        check_alone(tests)
        tests.append(doc_tests(options))
    if options.words:
        tests = [test for test in tests if any(word in test.name for word in options.words)]
    if options.list:
        print("\n".join(test.name for test in tests))
        return 0
    if options.one:
        return run_visibly(tests, options)
    pool = Pool(options)
    try:
        pool.run(tests)
        if not selection and not options.words:
            pool.repeat_failed()
    finally:
        pool.end_all()
    keep_times(pool.done)
    return pool.conclude()


def arguments():
    parser = argparse.ArgumentParser(description="Builds and runs the tests side by side.")
    parser.add_argument("words", nargs="*", help="run the tests with one of these in their name")
    parser.add_argument("--jobs", type=int, default=int(os.environ.get("TEST_JOBS", 0)) or 2 * (os.cpu_count() or 1),
                        help="tests at the same time (default: two for each processor, or TEST_JOBS)")
    parser.add_argument("--timeout", type=float, default=float(os.environ.get("TEST_TIMEOUT", 600)),
                        help="seconds after which a test is ended (default: 600, or TEST_TIMEOUT)")
    parser.add_argument("--release", action="store_true", help="test the release profile")
    parser.add_argument("--changed", action="store_true", help="unit tests of crates changed since the main branch")
    parser.add_argument("--one", metavar="NAME", help="tests with NAME in their name, with their output")
    parser.add_argument("--list", action="store_true", help="print names and run nothing")
    parser.add_argument("--build-only", action="store_true", help="build and run nothing")
    parser.add_argument("--verbose", action="store_true", help="a line for each test")
    return parser.parse_args()


# --- what there is -----------------------------------------------------------------------------------------------------


def build(options, selection):
    """Builds the test programs that are selected, and finds where they are."""
    command = ["cargo", "test", *selection, "--no-run", "--message-format=json-render-diagnostics"]
    began = time.monotonic()
    cargo = subprocess.Popen(command + ["--release"] * options.release, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        messages = [json.loads(line) for line in cargo.stdout]
    except BaseException:
        cargo.terminate()
        raise
    artifacts = [message for message in messages if message["reason"] == "compiler-artifact"]
    programs = [program_of(artifact) for artifact in artifacts if artifact["profile"]["test"] and artifact["executable"]]
    if cargo.wait() != 0:
        sys.exit("the tests do not build")
    if not programs:
        sys.exit("there is no test program")
    say(f"{len(programs)} test programs built in {time.monotonic() - began:.0f} s")
    return programs


def program_of(message):
    folder = os.path.dirname(message["manifest_path"])
    crate, target = os.path.relpath(folder, ROOT), message["target"]
    is_integration = "test" in target["kind"]
    name = f"{crate}/{target['name']}" if is_integration or "bin" in target["kind"] else crate
    return Program(name, message["executable"], folder, is_integration)


def tests_of(programs, times):
    """Every test of the programs."""
    alone = alone_names()
    tests = []
    listings = [(program, listing(program, [])) for program in programs]
    ignored = [(program, listing(program, ["--ignored"])) for program in programs]
    for (program, every), (_, skipped) in zip(listings, ignored):
        skip = set(names_in(skipped))
        for test in names_in(every):
            if test in skip:
                continue
            name = f"{program.name}::{test}"
            usual = USUAL_SECONDS_OF_A_PROCESS if program.is_integration else USUAL_SECONDS
            command = [program.path, "--exact", test, "--nocapture", "--test-threads=1"]
            is_alone = any(name.startswith(one) for one in alone)
            tests.append(Test(name, command, program.folder, times.get(name, usual), is_alone))
    return tests


def listing(program, more):
    command = [program.path, "--list", "--format", "terse", *more]
    return subprocess.Popen(command, cwd=program.folder, stdout=subprocess.PIPE, text=True)


def names_in(process):
    output, _ = process.communicate()
    if process.returncode != 0:
        sys.exit(f"{process.args[0]} does not list its tests")
    return [line.removesuffix(": test") for line in output.splitlines() if line.endswith(": test")]


def doc_tests(options):
    command = ["cargo", "test", "--workspace", "--doc"] + ["--release"] * options.release
    return Test(DOC_TESTS, command, ROOT, 60.0)


def alone_names():
    with open(ALONE) as lines:
        names = [line.split("#")[0].strip() for line in lines]
    return [name for name in names if name]


def check_alone(tests):
    """A test that was renamed must not lose its line."""
    for name in alone_names():
        if not any(test.name.startswith(name) for test in tests):
            sys.exit(f"{os.path.relpath(ALONE, ROOT)}: there is no test {name}")


def known_times():
    try:
        with open(TIMES) as file:
            return json.load(file)
    except (OSError, ValueError):
        return {}


def keep_times(runs):
    times = known_times()
    times.update({run.test.name: round(run.seconds, 3) for run in runs if not run.fault})
    aside = f"{TIMES}.{os.getpid()}"
    with open(aside, "w") as file:
        json.dump(times, file, indent=0, sort_keys=True)
    os.replace(aside, TIMES)


# --- what is selected --------------------------------------------------------------------------------------------------


def changed_crates():
    """Crates with files that differ from where this branch left the main branch; on that branch, from the commit before."""
    base = git("merge-base", "HEAD", "main").strip() or "HEAD"
    if base == git("rev-parse", "HEAD").strip():
        base = "HEAD~1"
    files = git("diff", "--name-only", base).splitlines() + git("ls-files", "--others", "--exclude-standard").splitlines()
    manifests = json.loads(subprocess.check_output(
        ["cargo", "metadata", "--format-version=1", "--no-deps", "--offline"], cwd=ROOT, text=True))
    folders = {os.path.relpath(os.path.dirname(package["manifest_path"]), ROOT): package["name"]
               for package in manifests["packages"]}
    return sorted({folders[top] for file in files if (top := file.split("/")[0]) in folders})


def selection_of(name):
    """The programs in whose sources a function or module of this name is, or all where there is none."""
    words = [re.escape(word) for word in re.split(r"::|/", name) if word]
    wanted = re.compile(rf"\b(?:fn|mod)\s+\w*{words[-1]}") if words else None
    crates, tests, units = set(), set(), False
    for path in git("ls-files", "--cached", "--others", "--exclude-standard", "*.rs").splitlines():
        parts = path.split("/")
        if len(parts) < 3 or not os.path.exists(os.path.join(ROOT, path)):
            continue
        with open(os.path.join(ROOT, path)) as file:
            if not wanted or not wanted.search(file.read()):
                continue
        if parts[1] == "tests":
            crates.add(parts[0])
            # A folder without main.rs is part of the program of its name.
            tests.add(parts[2].removesuffix(".rs"))
        elif parts[1] == "src":
            crates.add(parts[0])
            units = True
    if not crates:
        return []
    if tests and "daemon" in crates:
        # Its tests start this program too; cargo builds it for a test of its own crate.
        crates.add("tools")
        tests.add("command_line")
    selection = [part for crate in sorted(crates) for part in ("-p", f"tollgate-{crate}")]
    selection += [f"--test={test}" for test in sorted(tests) if test != "support"]
    return selection + ["--lib"] * units


def git(*words):
    return subprocess.run(["git", *words], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


# --- running -----------------------------------------------------------------------------------------------------------


class Pool:
    """Runs tests, so many at a time, and keeps how each ended."""

    def __init__(self, options):
        self.options = options
        self.running, self.done, self.passed_again = [], [], []
        self.doc_passed = self.doc_failed = 0

    def run(self, tests):
        self.began = time.monotonic()
        waiting = collections.deque(sorted(tests, key=lambda test: -test.expected_seconds))
        alone = collections.deque(test for test in waiting if test.is_alone)
        waiting = collections.deque(test for test in waiting if not test.is_alone)
        self.total, said = len(tests), time.monotonic()
        for queue, jobs in ((waiting, self.options.jobs), (alone, 1)):
            while queue or self.running:
                while queue and len(self.running) < jobs:
                    self.start(queue.popleft())
                self.wait()
                if time.monotonic() - said > 15:
                    said = time.monotonic()
                    names = ", ".join(run.test.name for run in self.running)
                    say(f"{len(self.done)} of {self.total} done; running: {names}")

    def repeat_failed(self):
        """Runs the tests that failed again, where they are few, and counts those as passed that pass each time."""
        failed = [run for run in self.done if run.fault]
        if len(failed) > REPEATED_MAX or any(run.test.name == DOC_TESTS for run in failed):
            return
        for run in failed:
            say(f"again, {REPETITIONS} times: {run.test.name}")
            before, passed = list(self.done), 0
            while passed < REPETITIONS:
                self.start(run.test)
                while self.running:
                    self.wait()
                if self.done[-1].fault:
                    break
                passed += 1
            self.done = before
            if passed == REPETITIONS:
                run.fault = ""
                self.passed_again.append(run.test.name)

    def start(self, test):
        output = tempfile.TemporaryFile()
        # A session of its own, so that whatever the test starts can be ended with it.
        process = subprocess.Popen(test.command, cwd=test.folder, env=environment(test), stdin=subprocess.DEVNULL,
                                   stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
        self.running.append(Run(test, process, output, time.monotonic()))

    def wait(self):
        """Waits until a test has ended, or a second."""
        with selectors.DefaultSelector() as selector:
            handles = [os.pidfd_open(run.process.pid) for run in self.running if run.process.poll() is None]
            try:
                for handle in handles:
                    selector.register(handle, selectors.EVENT_READ)
                if len(handles) == len(self.running):
                    selector.select(timeout=1.0)
            finally:
                for handle in handles:
                    os.close(handle)
        for run in list(self.running):
            run.seconds = time.monotonic() - run.began
            if run.process.poll() is not None:
                self.finish(run)
            elif run.seconds > self.options.timeout:
                run.fault = f"ended after {run.seconds:.0f} s without coming to its end"
                self.finish(run)

    def finish(self, run):
        end_all_of(run)
        self.running.remove(run)
        self.done.append(run)
        run.output.seek(0)
        output = run.output.read().decode(errors="replace")
        run.output.close()
        if run.test.name == DOC_TESTS:
            self.count_doc_tests(output)
        elif not run.fault and run.process.returncode == 0 and "test result: ok. 1 passed" not in output:
            run.fault = "it did not run"
        if not run.fault and run.process.returncode != 0:
            code = run.process.returncode
            run.fault = f"signal {-code}" if code < 0 else f"exit status {code}"
        if run.fault:
            print(f"\n---- FAILED: {run.test.name}: {run.fault} ----\n{output}\n---- end of {run.test.name} ----\n",
                  flush=True)
        elif self.options.verbose:
            say(f"{run.seconds:7.2f} s  {run.test.name}")

    def count_doc_tests(self, output):
        for passed, failed in re.findall(r"^test result: \w+\. (\d+) passed; (\d+) failed", output, re.M):
            self.doc_passed, self.doc_failed = self.doc_passed + int(passed), self.doc_failed + int(failed)

    def end_all(self):
        for run in self.running:
            end_all_of(run)
        # What had left its session was given to this process when its parent ended.
        for entry in os.listdir("/proc"):
            if entry.isdigit() and stat_of(entry, PARENT) == os.getpid():
                end(int(entry))
                reap(int(entry))

    def conclude(self):
        """Says what came of it; the exit status."""
        single = [run for run in self.done if run.test.name != DOC_TESTS]
        failed = [run for run in self.done if run.fault]
        # Doc tests that cannot be counted have failed once.
        failures = len([run for run in single if run.fault]) + self.doc_failed
        failures += 1 if failed and not failures else 0
        passed = len([run for run in single if not run.fault]) + self.doc_passed
        say(f"\n{len(single)} tests in {time.monotonic() - self.began:.0f} s, {self.options.jobs} at a time. The slowest:")
        for run in sorted(self.done, key=lambda run: -run.seconds)[:10]:
            say(f"{run.seconds:7.1f} s  {run.test.name}")
        if self.passed_again:
            say("\nFailed once, and passed when repeated; the cause is to be found:")
            for name in self.passed_again:
                say(f"  {name}")
        if failed:
            say("\nFailed:")
            for run in failed:
                say(f"  {run.test.name}: {run.fault}")
        print(f"\n{passed} passed, {failures} failed", flush=True)
        return 0 if passed and not failed else 1


def environment(test):
    """As cargo gives it to tests."""
    more = {"CARGO_MANIFEST_DIR": test.folder, "CARGO": "cargo"}
    if test.name == DOC_TESTS:
        more = {}
    return {**os.environ, **more}


def end_all_of(run):
    """Ends a test and all that it has started: every process of its session."""
    session = run.process.pid
    end(session)
    run.process.wait()
    for entry in os.listdir("/proc"):
        if entry.isdigit() and stat_of(entry, SESSION) == session:
            end(int(entry))
            reap(int(entry))


def end(process):
    try:
        os.kill(process, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def reap(process):
    """What a test has left behind is a child of this process, which takes note of its end."""
    try:
        os.waitpid(process, 0)
    except ChildProcessError:
        pass


def stat_of(process, field):
    try:
        with open(f"/proc/{process}/stat") as file:
            return int(file.read().rpartition(")")[2].split()[field])
    except (OSError, ValueError, IndexError):
        return None


def run_visibly(tests, options):
    """One after another, with their output as it comes."""
    passed = 0
    for test in tests:
        say(f"\n==== {test.name} ====")
        process = subprocess.Popen(test.command, cwd=test.folder, env=environment(test), start_new_session=True)
        run = Run(test, process, None, time.monotonic())
        try:
            passed += process.wait(timeout=options.timeout) == 0
        except subprocess.TimeoutExpired:
            say(f"ended after {options.timeout:.0f} s without coming to its end")
        finally:
            end_all_of(run)
    print(f"\n{passed} passed, {len(tests) - passed} failed", flush=True)
    return 0 if tests and passed == len(tests) else 1


def say(text):
    print(text, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
