"""The contact round of a survey year: the state of each unit, letters and lists, the effect of corrections; restricted.

Belongs here: what is made from findings, submissions and the record of contacts. Does not belong here: the questions to
single units (``control``), and sending anything.
"""
