"""Prints the bill of materials of both programs: every crate that is compiled in, in CycloneDX 1.5.

Times come from SOURCE_DATE_EPOCH, and the serial number from the content, so that the same sources give the same bill.
"""

import argparse
import json
import os
import uuid
from datetime import datetime, timezone

import crates

PROGRAMS = ("tollgate-daemon", "tollgate-tools")


def reference(key):
    """The package URL of a crate, which is also its reference inside the bill."""
    name, version = key
    return f"pkg:cargo/{name}@{version}"


def component(key, crate):
    described = {
        "type": "library",
        "bom-ref": reference(key),
        "name": crate.name,
        "version": crate.version,
        "purl": reference(key),
        "scope": "required",
    }
    if crate.description:
        described["description"] = " ".join(crate.description.split())
    if crate.licence:
        described["licenses"] = [{"expression": crate.licence.replace(" / ", "/").replace("/", " OR ")}]
    if crate.checksum:
        described["hashes"] = [{"alg": "SHA-256", "content": crate.checksum}]
    if crate.repository:
        described["externalReferences"] = [{"type": "vcs", "url": crate.repository}]
    return described


def main():
    parser = argparse.ArgumentParser(description="Print the bill of materials.")
    parser.add_argument("--target", required=True, help="triple of the platform")
    target = parser.parse_args().target
    used = {}
    for program in PROGRAMS:
        for key, crate in crates.compiled(target, "normal,build", program).items():
            used.setdefault(key, crate).dependencies |= crate.dependencies
    version = next(version for name, version in used if name == "tollgate-daemon")
    root = {
        "type": "application",
        "bom-ref": "tollgate",
        "name": "tollgate",
        "version": version,
        "licenses": [{"license": {"id": "Apache-2.0"}}],
    }
    moment = datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), timezone.utc)
    graph = {"tollgate": [reference(key) for key in used if key[0] in PROGRAMS]}
    graph |= {reference(key): [reference(other) for other in crate.dependencies] for key, crate in used.items()}
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"timestamp": moment.strftime("%Y-%m-%dT%H:%M:%SZ"), "component": root},
        "components": [component(key, used[key]) for key in sorted(used)],
        "dependencies": [{"ref": name, "dependsOn": sorted(graph[name])} for name in sorted(graph)],
    }
    content = json.dumps(bill, sort_keys=True)
    bill["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, content)}"
    print(json.dumps(bill, indent=2, sort_keys=True))


main()
