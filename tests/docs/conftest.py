"""The example files run in a copy of the project (test_examples.py), not where they are."""

collect_ignore = ["examples"]
