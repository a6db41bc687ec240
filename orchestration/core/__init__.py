"""What every room builds on: settings, errors, descriptions of tables, the warehouse file, languages, YAML texts.

Belongs here: what more than one room needs and what depends on no survey, form or figure. It imports no other room.
"""
