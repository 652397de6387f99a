"""Small loopback servers that imitate providers: for tests, for measurements and for `moviec demo --online`.

They serve given films, reject wrong keys, apply limits, and fail in requested ways.
"""
