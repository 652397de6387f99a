"""Exit with what is wrong where a bill of materials is none by CycloneDX's own schema: python -m tools.valid_bill FILE."""

from __future__ import annotations

import sys
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

if wrong := JsonStrictValidator(SchemaVersion.V1_6).validate_str(Path(sys.argv[1]).read_text("utf-8")):
    sys.exit(str(wrong))
