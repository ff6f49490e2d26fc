"""check_sbom.py SBOM LOCK: is the document valid SPDX 2.3, and does it tell of every package of
the lock, with its digest, and of nothing else? check_sbom.py statement FILE IMAGE-DIGEST: is it an
in-toto statement of that image?"""
import json
import sys

import yaml


def sbom(path, lock):
    from spdx_tools.spdx.parser.parse_anything import parse_file
    from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

    faults = validate_full_spdx_document(parse_file(path))
    assert not faults, [fault.validation_message for fault in faults]
    doc = json.load(open(path))
    purls = {}
    for package in doc["packages"]:
        for ref in package.get("externalRefs", []):
            purls[ref["referenceLocator"].split("?")[0]] = package
    wanted = {}
    for package in yaml.safe_load(open(lock))["package"]:
        kind = {"conda": "conda", "pip": "pypi"}[package["manager"]]
        version = str(package["version"]).replace("+", "%2B").replace("!", "%21")
        wanted[f"pkg:{kind}/{package['name']}@{version}"] = package["hash"]["sha256"]
    told = {purl: p["checksums"][0]["checksumValue"] for purl, p in purls.items() if not purl.startswith("pkg:oci/")}
    assert told == wanted, set(told.items()) ^ set(wanted.items())
    said = {p["name"]: p.get("licenseComments") for p in doc["packages"]}
    assert said["six"] == "the package says: see METADATA", said["six"]
    ids = {p["SPDXID"]: p["name"] for p in doc["packages"]}
    edges = {(ids.get(r["spdxElementId"]), r["relationshipType"], ids.get(r["relatedSpdxElement"]))
             for r in doc["relationships"]}
    assert ("python", "DEPENDS_ON", "openssl") in edges and ("environment", "CONTAINS", "six") in edges


def statement(path, digest):
    doc = json.load(open(path))
    assert doc["_type"] == "https://in-toto.io/Statement/v1"
    assert doc["predicateType"] == "https://slsa.dev/provenance/v1"
    assert [s["digest"]["sha256"] for s in doc["subject"]] == [digest.split(":")[1]]
    made = doc["predicate"]["buildDefinition"]
    assert {"key", "platform", "specs", "channels"} <= set(made["externalParameters"])
    assert len(made["resolvedDependencies"]) > 3


if sys.argv[1] == "statement":
    statement(sys.argv[2], sys.argv[3])
else:
    sbom(sys.argv[1], sys.argv[2])
