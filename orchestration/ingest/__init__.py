"""Files in, tables out: the readers and the checks at the door.

Belongs here: reading what people hand in and refusing what contradicts its own description. Does not belong here: what a
figure means.
"""
