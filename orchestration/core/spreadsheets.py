"""What spreadsheets do with texts, for every room that writes files which people open in one.

Belongs here: rules of spreadsheets themselves. Does not belong here: how a workbook looks.
"""

from __future__ import annotations

# A text that begins so is run as a formula when a spreadsheet reads it, or when somebody edits its cell.
FORMULA = ("=", "+", "-", "@", "\t")
