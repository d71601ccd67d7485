"""The asynchronous client. Its twin is made of it by tools/unasync.py."""
