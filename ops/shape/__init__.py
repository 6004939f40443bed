"""The parts of ops/shape.py."""
