# Made by tools/unasync.py from ../_async; do not edit.
"""The synchronous client."""
