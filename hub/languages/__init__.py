"""The languages of the pages: which one a reader gets, and its words for templates and scripts."""
