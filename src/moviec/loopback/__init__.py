"""Small servers on the loopback that speak as providers do: for tests, for measurements and for `moviec demo --online`.

They hold the films that they are given, refuse wrong keys, keep to limits, and fail in the ways that they are told to.
"""
