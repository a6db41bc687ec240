"""The static public pages of a snapshot: read on paper, in a browser from a folder, or from a web server.

Belongs here: what the pages show and how it looks. Does not belong here: how figures are computed (dbt), how they are judged
(gate), or anything that depends on the snapshot before (``CHANGES.js`` beside the pages says what is new).
"""
