"""The static public pages of a snapshot: read on paper, in a browser from a folder, or from a web server.

Belongs here: the content and design of the pages. Does not belong here: how figures are computed (dbt) or judged (gate), or
anything that depends on the previous snapshot (``CHANGES.js`` beside the pages has the news).
"""
