"""The contact round of a survey year: the state of each unit, letters and lists, the effect of an answer; restricted.

Belongs here: what is made of findings, submissions and the record of contacts. Does not belong here: what single units are
asked (``control``), and sending anything.
"""
