"""Drills: something is broken on purpose, and nothing may be lost, repeated or wrong afterwards."""
