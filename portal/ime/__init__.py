"""The independent medical examination itself: its rules, its questions, its steps; knows nothing of the web."""
