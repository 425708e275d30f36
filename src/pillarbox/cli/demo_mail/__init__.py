"""The mail a newcomer finds in the demo: made up, the same every time, dated back from today."""
