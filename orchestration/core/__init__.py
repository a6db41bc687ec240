"""What every room stands on: settings, errors, descriptions of tables, the warehouse file, languages, texts of YAML.

Belongs here: what knows no survey, no form and no figure, and what more than one room needs. It imports no other room.
"""
