"""Makes alertSchemas.json: SHA-256 of the parsing canonical form of every alert schema of lsst.alert.packet.

pip install lsst-alert-packet fastavro; python alertSchemas.py > alertSchemas.json
"""
import importlib.metadata
import json
import sys

import fastavro.schema
from lsst.alert.packet import SchemaRegistry

registry = SchemaRegistry.all_schemas_from_filesystem()
hashes = {}
for schema_id in sorted(registry.known_ids):
    if schema_id >= 700:
        definition = registry.get_by_id(schema_id).definition
        hashes[str(schema_id)] = fastavro.schema.fingerprint(fastavro.schema.to_parsing_canonical_form(definition), "sha256")
versions = {name: importlib.metadata.version(name) for name in ("lsst-alert-packet", "fastavro")}
json.dump({"origin": versions, "sha256": hashes}, sys.stdout, indent=1)
print()
