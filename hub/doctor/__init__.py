"""`python app.py doctor`: one small check a file, each a sentence, while the hub runs and while it does not.

finding    OK, WARN or FAIL with a sentence
case       what is examined: the settings, and the hub that runs on the folder
checks     the list of checks, in their order
report     runs them, as text or as JSON
"""
