"""Files in, tables out: the readers and the checks at the door.

Belongs here: reading deliveries and other inputs, and refusing those that contradict their description. Does not belong
here: what a figure means.
"""
