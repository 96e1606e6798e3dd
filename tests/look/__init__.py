"""How the portal looks and asks: its fields, its markup, its colors."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
